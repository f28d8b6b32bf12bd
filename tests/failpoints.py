"""Run a command of Canasta that is killed at a step boundary: `python -m tests.failpoints`.

    python -m tests.failpoints count FILE  <command …>    writes each boundary's name to FILE
    python -m tests.failpoints 17    FILE  <command …>    sends itself SIGKILL at boundary 17

A boundary is the beginning or the end of a step, of a write into the lake or the reports, or of
something asked of MLflow. The product knows nothing of it: its own methods are wrapped from here.
"""

from __future__ import annotations

import functools
import os
import re
import signal
import sys
from collections.abc import Callable
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from canasta.ingest.lease import Lease
from canasta.ingest.lock import FolderLock
from canasta.registry.runs import TrackedRun
from canasta.registry.tracking import Tracking
from canasta.store import Store
from orchestration.__main__ import main
from orchestration.display import Display
from tests.quick_heads import use_quick_heads

WRAPPED: tuple[tuple[type, str], ...] = (
    (Store, "write_once"),
    (Store, "replace"),
    (TrackedRun, "log_params"),
    (TrackedRun, "log_trials"),
    (TrackedRun, "log_metrics"),
    (TrackedRun, "log_figures"),
    (TrackedRun, "register"),
    (Tracking, "set_aliases"),
    (FolderLock, "__exit__"),
    (Lease, "__exit__"),
)
TIMED = re.compile(r"\d{8}t\d{6}\.\d+z-\w{8}", re.IGNORECASE)
"""The part of the name of a decision, and of its message, that no two runs share."""


class Boundaries:
    """Counts boundaries, writes down their names, and kills this process at one of them."""

    def __init__(self, at: int | None, file: Path) -> None:
        self._at = at
        self._file = file.open("w", encoding="utf-8", buffering=1)
        self._count = 0

    def cross(self, name: str) -> None:
        """Cross one boundary; perhaps the last."""
        self._file.write(f"{TIMED.sub('…', name)}\n")
        if self._count == self._at:
            os.kill(os.getpid(), signal.SIGKILL)
        self._count += 1

    def arm(self) -> None:
        """Wrap what does the work."""
        for owner, method in WRAPPED:
            setattr(owner, method, self._around(owner, method))
        Path.replace = self._before_rename(Path.replace)  # type: ignore[method-assign]  # the test's own failpoint
        Display.step = self._around_step(Display.step)  # type: ignore[method-assign]  # likewise

    def _around(self, owner: type, method: str) -> Callable[..., Any]:
        wrapped = getattr(owner, method)

        @functools.wraps(wrapped)
        def crossing(this: Any, *args: Any, **kwargs: Any) -> Any:
            of = f" {args[0]}" if args and isinstance(args[0], str) else ""
            self.cross(f"before {owner.__name__}.{method}{of}")
            done = wrapped(this, *args, **kwargs)
            self.cross(f"after {owner.__name__}.{method}{of}")
            return done

        return crossing

    def _before_rename(self, wrapped: Callable[..., Any]) -> Callable[..., Any]:
        @functools.wraps(wrapped)
        def crossing(this: Path, target: Path) -> Any:
            self.cross(f"before renaming to {target.name}")
            return wrapped(this, target)

        return crossing

    def _around_step(self, wrapped: Callable[..., Any]) -> Callable[..., Any]:
        @contextmanager
        @functools.wraps(wrapped)
        def crossing(this: Display, name: str, total: int | None = None) -> Any:
            self.cross(f"before step {name}")
            with wrapped(this, name, total) as told:
                yield told
            self.cross(f"after step {name}")

        return crossing


if __name__ == "__main__":
    chosen, file, *command = sys.argv[1:]
    use_quick_heads()
    Boundaries(None if chosen == "count" else int(chosen), Path(file)).arm()
    sys.exit(main(command))
