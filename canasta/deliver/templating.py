"""HTML pages from templates: what is filled in is escaped, a missing name is an error."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from canasta.deliver.backtest.spanish import long_date, percent


def rendered(template: str, folders: Sequence[Path], **shown: Any) -> str:
    """Fill in a template; equal arguments give equal text.

    Args:
        template: its file name.
        folders: in which it, and what it includes, are looked for; the first that has it counts.
        shown: what it names. Filters write dates (`long_date`) and shares (`percent`).
    """
    environment = Environment(
        loader=FileSystemLoader(folders),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters |= {"long_date": long_date, "percent": percent}
    html = environment.get_template(template).render(shown)
    return html.replace(" %", "\N{NO-BREAK SPACE}%")  # a line may not begin with the sign
