"""matplotlib's figures as part of an HTML page: in the page's colours, the same bytes each time."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from io import StringIO
from typing import Any

from markupsafe import Markup
from matplotlib import rc_context
from matplotlib.figure import Figure

INK, MUTED, GRID = "#1f2a33", "#66737d", "#d5dbe0"
CARD = "#fefefe"
"""What lies behind a figure."""
BLUE, AMBER, VIOLET, TEAL, WORSE = "#1f5a8a", "#b0640a", "#7b4fa3", "#0f7b6c", "#b3452c"
COLOURS = {
    INK: "ink",
    MUTED: "muted",
    GRID: "grid",
    CARD: "card",
    BLUE: "blue",
    AMBER: "amber",
    VIOLET: "violet",
    TEAL: "teal",
    WORSE: "worse",
}
"""A figure drawn in these follows the page's custom properties of these names, and so its dark
mode; what a page does not define stays as drawn."""

_STYLE: dict[Any, Any] = {
    "axes.edgecolor": MUTED,
    "axes.labelcolor": INK,
    "axes.grid": True,
    "axes.axisbelow": True,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "font.size": 9,
    "grid.color": GRID,
    "grid.linewidth": 0.6,
    "svg.fonttype": "none",  # text stays text: small, sharp, in the page's own font
    "svg.hashsalt": "canasta",
    "text.color": INK,
    "text.parse_math": False,  # a label may hold two dollar signs
    "xtick.color": MUTED,
    "xtick.labelcolor": INK,
    "ytick.color": MUTED,
    "ytick.labelcolor": INK,
}
_NO_METADATA = dict.fromkeys(("Creator", "Date", "Format", "Type"))
_FOREIGN = re.compile(r'<defs>\s*<style.*?</style>\s*</defs>| xmlns(?::\w+)?="[^"]*"', re.DOTALL)
_FONT_FAMILY = re.compile(r"font-family: [^;\"]*;? ?")
_IDENTIFIER = re.compile(r'( id="|url\(#|href="#)')


@contextmanager
def page_style() -> Iterator[None]:
    """Draw in the page's style: figures are made, and turned into SVG, within."""
    with rc_context(_STYLE):
        yield


def inline_svg(figure: Figure, name: str, alt: str) -> Markup:
    """Return `figure` as an `<svg>` element that needs nothing from outside the page.

    Args:
        figure: made within `page_style`, in colours of COLOURS.
        name: unique in the page; it begins each identifier of the element.
        alt: what the picture shows, for those who do not see it.
    """
    stream = StringIO()
    figure.savefig(stream, format="svg", transparent=True, metadata=_NO_METADATA)
    drawn = stream.getvalue()
    svg = _FONT_FAMILY.sub("", _FOREIGN.sub("", drawn[drawn.index("<svg") :]))
    svg = _IDENTIFIER.sub(rf"\g<1>{name}-", svg)
    for colour, role in COLOURS.items():
        svg = svg.replace(colour, f"var(--{role}, {colour})")
    opening = Markup('<svg role="img" aria-label="{}"').format(alt)
    return Markup(svg.replace("<svg", opening, 1).strip())  # noqa: S704 - matplotlib escapes labels
