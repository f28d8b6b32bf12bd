"""Progress at the terminal: one line a step, with its time; the running one moves."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from rich.console import Console, RenderableType
from rich.markup import escape
from rich.progress import BarColumn, MofNCompleteColumn, Progress, SpinnerColumn, TextColumn
from rich.segment import Segments
from rich.text import Text

UNBOUNDED = 10_000
"""Characters: wider than anything that is printed."""


class Display:
    """Tells a person what a run is doing.

    Args:
        console: where to; on anything but a terminal only the finished steps are printed.
    """

    def __init__(self, console: Console | None = None) -> None:
        self.console = console or Console(highlight=False)

    @contextmanager
    def step(self, name: str, total: int | None = None) -> Iterator[Callable[[str], None]]:
        """Show one step; yields a function that counts it on and tells its latest result.

        Args:
            name: what is done.
            total: how many times the function will be called, if that is known.
        """
        begun, note = time.monotonic(), ""
        columns = (SpinnerColumn(), TextColumn("{task.description}"))
        counting = (BarColumn(bar_width=24), MofNCompleteColumn()) if total else ()
        progress = Progress(
            *columns,
            *counting,
            TextColumn("{task.fields[note]}", markup=False),
            console=self.console,
            transient=True,
            disable=not self.console.is_terminal,
        )
        task = progress.add_task(name, total=total, note="")

        def advance(latest: str = "") -> None:
            nonlocal note
            note = latest
            progress.update(task, advance=1, note=latest)

        mark = "[red]✗[/]"
        try:
            with progress:
                yield advance
            mark = "[green]✓[/]"
        finally:
            told = f": {escape(note)}" if note else ""
            seconds = time.monotonic() - begun
            line = f"{mark} {name}{told} [dim]{seconds:.1f} s[/]"
            # The terminal wraps a line that is too long, and unwraps it when it is widened.
            self.console.print(line, soft_wrap=True)

    def print(self, content: RenderableType) -> None:
        """Print something for people, as wide as it is: tables are not cut off, text is as given.

        A narrower terminal wraps lines itself, and unwraps them when it is widened.
        """
        unbounded = self.console.options.update(max_width=UNBOUNDED)
        shown = Text(content) if isinstance(content, str) else content  # [labels] are no markup
        whole = Segments(self.console.render(shown, unbounded))
        self.console.print(whole, crop=False, end="")
