"""The digest's chart: the national mean of the last months, and the range of what is to come."""

from __future__ import annotations

from datetime import date
from io import BytesIO
from typing import Any

import numpy as np
from matplotlib import rc_context
from matplotlib.axes import Axes
from matplotlib.dates import AutoDateLocator, num2date
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter

from canasta.deliver.backtest.inline_svg import BLUE, GRID, INK, MUTED, WORSE
from canasta.deliver.backtest.spanish import long_date, short_day
from canasta.deliver.messages.national import National
from canasta.deliver.messages.wording import price

SHOWN = 78
"""Publications: half a year."""
SIZE, DPI = (8.0, 4.5), 160
"""1,280 × 720 pixels: as much as Telegram keeps of a photo, and a phone can show."""
USUAL, WIDE = "rango habitual (80 % de los cambios de un año)", "rango amplio (95 %)"
"""What the ranges are made of: no promise, since a market may move more than it did."""
_STYLE: dict[Any, Any] = {
    "axes.edgecolor": MUTED,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.grid": True,
    "axes.grid.axis": "y",
    "axes.axisbelow": True,
    "font.size": 12,
    "grid.color": GRID,
    "text.color": INK,
    "text.parse_math": False,
    "xtick.color": MUTED,
    "xtick.labelcolor": INK,
    "ytick.color": MUTED,
    "ytick.labelcolor": INK,
}


def chart(picture: National, title: str, unit: str, marks: tuple[str, ...] = ()) -> bytes:
    """Draw the national mean as a PNG; equal pictures give equal bytes.

    Args:
        picture: of the newest publication.
        title: of the commodity.
        unit: of prices.
        marks: what the chart must say of its data.
    """
    with rc_context(_STYLE):
        figure = Figure(figsize=SIZE, dpi=DPI, layout="constrained", facecolor="white")
        axes = figure.subplots()
        _draw_past(axes, picture)
        _draw_ahead(axes, picture)
        _label(axes, picture, title, unit)
        if marks:
            axes.text(
                0.5, 0.5, "\n".join(marks), transform=axes.transAxes, ha="center", va="center",
                color=WORSE, alpha=0.28, fontsize=24, fontweight="bold",
            )  # fmt: skip
        content = BytesIO()
        figure.savefig(content, format="png", metadata={"Software": None})
    return content.getvalue()


def _draw_past(axes: Axes, picture: National) -> None:
    days, mean = _days(picture.dates[-SHOWN:]), picture.mean[-SHOWN:]
    axes.plot(days, mean, color=BLUE, lw=2.0)
    axes.plot(days[-1:], mean[-1:], color=BLUE, marker="o", ms=6)


def _draw_ahead(axes: Axes, picture: National) -> None:
    ahead = picture.ahead
    days = _days((picture.dates[-1], *ahead.targets))
    if ahead.ends is not None:
        ends = np.column_stack([np.full(len(ahead.ends), picture.mean[-1]), ahead.ends])
        for low, high, told, alpha in ((0, 3, WIDE, 0.16), (1, 2, USUAL, 0.28)):
            axes.fill_between(
                days, ends[low], ends[high], color=BLUE, alpha=alpha, lw=0,
                label=told,
            )  # fmt: skip
    middle = np.concatenate([picture.mean[-1:], ahead.mean])
    axes.plot(days, middle, color=INK, lw=1.6, ls="--", label="media esperada")


def _label(axes: Axes, picture: National, title: str, unit: str) -> None:
    origin = picture.dates[-1]
    axes.set_title(
        f"{title}: precio medio nacional, {unit}", loc="left", fontsize=15, fontweight="bold"
    )
    axes.annotate(
        price(float(picture.mean[-1])),
        (_days((origin,))[0], picture.mean[-1]),
        xytext=(-8, 10),
        textcoords="offset points",
        ha="right",
        color=BLUE,
        fontweight="bold",
        fontsize=14,
    )
    axes.set_xlabel(
        f"Hasta la publicación del {long_date(origin)}; lo punteado es la predicción.",
        color=MUTED,
        loc="left",
        fontsize=10.5,
    )
    axes.legend(loc="upper left", frameon=False, fontsize=11)
    axes.margins(x=0.01, y=0.12)
    axes.xaxis.set_major_locator(AutoDateLocator(minticks=4, maxticks=8))  # type: ignore[no-untyped-call] # matplotlib.dates has no annotations
    axes.xaxis.set_major_formatter(FuncFormatter(lambda at, _: short_day(num2date(at))))  # type: ignore[no-untyped-call] # the same
    axes.yaxis.set_major_formatter(FuncFormatter(lambda at, _: price(at)))


def _days(dates: tuple[date, ...]) -> Any:
    return np.array(dates, dtype="datetime64[D]")
