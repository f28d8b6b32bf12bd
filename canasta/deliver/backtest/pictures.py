"""The pictures of the back-test's page, as SVG in the page's colours; no screen is needed."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

import numpy as np
from markupsafe import Markup
from matplotlib.axes import Axes
from matplotlib.dates import AutoDateLocator, num2date
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, MaxNLocator

from canasta.deliver.backtest.inline_svg import (
    AMBER,
    BLUE,
    CARD,
    COLOURS,
    INK,
    MUTED,
    TEAL,
    VIOLET,
    WORSE,
    inline_svg,
    page_style,
)
from canasta.deliver.backtest.spanish import contestant, figure, percent, short_day, short_month
from canasta.forecast.evaluation.diagnosis import BINS, Counts, Coverage, History, Miss, SkillAhead
from canasta.forecast.evaluation.metrics import Reliability
from canasta.forecast.panel import Floats

SMALL, LARGE, TALL, FLAT = (3.5, 2.6), (4.4, 3.0), (4.4, 3.7), (3.5, 2.0)
"""Sizes in inches: a phone shows them almost unscaled, so that their text stays readable."""
SPARSE = 30
"""Fewer forecasts than this in a bin say little: the bin is drawn hollow."""
DODGE = 0.09
"""Horizons by which contestants stand apart."""


@dataclass(frozen=True, slots=True)
class Mark:
    """How a line is told from the others: by colour, marker and dashes; `sign` for legends."""

    colour: str
    marker: str
    dashes: str
    sign: str

    @property
    def role(self) -> str:
        """The page's name of the colour."""
        return COLOURS[self.colour]


MARKS = (
    Mark(BLUE, "o", "-", "●"),
    Mark(AMBER, "s", "--", "■"),
    Mark(VIOLET, "^", ":", "▲"),
    Mark(TEAL, "D", "-.", "◆"),
)
"""Of the first, second, … of several lines; a fifth looks like the first."""
WIDE, NARROW = MARKS[0], MARKS[1]
"""Of the 95 and the 80 % range."""


def marks_of(names: Sequence[str]) -> dict[str, Mark]:
    """Return the mark of each line."""
    return {name: MARKS[position % len(MARKS)] for position, name in enumerate(names)}


def skill_picture(name: str, title: str, curves: Mapping[str, Sequence[SkillAhead]]) -> Markup:
    """Draw skills by horizon, with their ranges, by contestant.

    Args:
        name: of the picture, unique in its page.
        title: what the skill is of.
        curves: by contestant.
    """
    with page_style():
        drawn, axes = new_figure(SMALL)
        axes.axhline(0, color=MUTED, lw=1)
        for position, (who, mark) in enumerate(marks_of(list(curves)).items()):
            ahead = np.array([one.horizon for one in curves[who]])
            aside = ahead + DODGE * (position - (len(curves) - 1) / 2)
            axes.vlines(
                aside, [one.low for one in curves[who]], [one.high for one in curves[who]],
                color=mark.colour, lw=1.2,
            )  # fmt: skip
            _line(axes, aside, [one.comparison.skill for one in curves[who]], mark)
        axes.xaxis.set_major_locator(MaxNLocator(integer=True))
        axes.set(xlabel="publicaciones hacia adelante", ylabel="ventaja (%)")
        return inline_svg(drawn, name, f"{title} por horizonte. {_skills_told(curves)}")


def reliability_picture(name: str, title: str, found: Reliability) -> Markup:
    """Draw how often prices changed where a change was given about the same probability."""
    with page_style():
        drawn = Figure(figsize=TALL, layout="constrained")
        rates, counts = drawn.subplots(2, 1, sharex=True, height_ratios=(3, 1.2))
        rates.plot([0, 1], [0, 1], color=MUTED, lw=1, ls="--")
        _line(rates, found.probability, found.frequency, WIDE, found.count)
        rates.set(ylabel="cambiaron en realidad", xlim=(0, 1), ylim=(0, 1.02))
        _count_bars(counts, found.probability, found.count)
        counts.set(xlabel="probabilidad de cambio anunciada")
        for axis in (rates.xaxis, rates.yaxis):
            axis.set_major_formatter(SHARES)
        told = _pairs(found.probability, found.frequency)
        return inline_svg(drawn, name, f"{title}: anunciado y ocurrido. {told}")


def coverage_picture(name: str, title: str, found: Coverage) -> Markup:
    """Draw how often the 80 and 95 % ranges held what came, by P(change)."""
    with page_style():
        drawn, axes = new_figure(LARGE)
        drawings = ((0.95, found.share_95, WIDE), (0.80, found.share_80, NARROW))
        for nominal, shares, mark in drawings:
            axes.axhline(nominal, color=mark.colour, lw=0.8, ls=":")
            _line(axes, found.probability, shares, mark, found.count)
        lowest = min(0.7, *found.share_80, *found.share_95)
        axes.set(xlim=(0, 1), ylim=(lowest - 0.03, 1.02), ylabel="precios dentro del rango")
        axes.set(xlabel="probabilidad de cambio anunciada")
        for axis in (axes.xaxis, axes.yaxis):
            axis.set_major_formatter(SHARES)
        told = _pairs(found.probability, found.share_95)
        return inline_svg(drawn, name, f"{title}: cobertura del rango del 95 %. {told}")


def width_picture(name: str, title: str, found: Coverage, unit: str) -> Markup:
    """Draw the mean width of the 80 and 95 % ranges, by P(change)."""
    with page_style():
        drawn, axes = new_figure(LARGE)
        for widths, mark in ((found.width_95, WIDE), (found.width_80, NARROW)):
            _line(axes, found.probability, widths, mark, found.count)
        axes.set(xlim=(0, 1), ylabel=f"ancho medio ({unit})")
        axes.set_ylim(bottom=0)
        axes.set(xlabel="probabilidad de cambio anunciada")
        axes.xaxis.set_major_formatter(SHARES)
        ends = [f"{figure(widths.max(), '.2f')} {unit}" for widths in _widths(found)]
        told = f"el del 95 % llega a {ends[0]} y el del 80 % a {ends[1]}"
        return inline_svg(drawn, name, f"{title}: ancho medio de los rangos; {told}.")


def gain_picture(name: str, targets: Sequence[date], gains: Mapping[str, Floats]) -> Markup:
    """Draw the CRPS saved up to each target date, by contestant."""
    with page_style():
        drawn, axes = new_figure(LARGE)
        axes.axhline(0, color=MUTED, lw=1)
        for who, mark in marks_of(list(gains)).items():
            sparse = max(1, len(targets) // 6)
            axes.plot(
                days_of(targets), gains[who], color=mark.colour, ls=mark.dashes, lw=1.5,
                marker=mark.marker, ms=3.5, markevery=sparse,
            )  # fmt: skip
        date_axis(axes, short_month)
        axes.set(ylabel="error ahorrado (%)")
        told = "; ".join(f"{contestant(w)} {figure(g[-1], '+.2f')} %" for w, g in gains.items())
        alt = f"Error ahorrado hasta cada publicación; al final: {told}."
        return inline_svg(drawn, name, alt)


def miss_picture(
    name: str, title: str, miss: Miss, history: History, ahead: tuple[Floats, Floats, Floats]
) -> Markup:
    """Draw a series around one forecast: what had come, what was said, what came.

    Args:
        name: of the picture, unique in its page.
        title: the series.
        miss: the forecast of the next price.
        history: prices around its origin.
        ahead: low end, median and high end of the 95 % range of the prices of horizons 0, 1, …;
            horizon 0 is the last price. As many as lie within the history.
    """
    with page_style():
        drawn, axes = new_figure(FLAT)
        days = days_of(history.dates)
        said = days[history.at : history.at + len(ahead[0])]
        low, median, high = ahead
        axes.fill_between(said, low, high, color=BLUE, alpha=0.22, lw=0)
        axes.plot(said, median, color=BLUE, lw=1.2, ls="--")
        axes.vlines(said[1:2], low[1:2], high[1:2], color=BLUE, lw=3)
        axes.axvline(days[history.at], color=MUTED, lw=0.8, ls=":")
        axes.plot(days, history.prices, color=INK, lw=1.1, marker=".", ms=3.5)
        axes.plot(said[1:2], [miss.came], color=WORSE, marker="D", ms=6, ls="none")
        date_axis(axes, short_day)
        axes.yaxis.set_major_locator(MaxNLocator(nbins=4))
        alt = (
            f"{title}: precio de las publicaciones alrededor del pronóstico; rango del 95 % de "
            f"{figure(miss.low, '.2f')} a {figure(miss.high, '.2f')}, llegó "
            f"{figure(miss.came, '.2f')}."
        )
        return inline_svg(drawn, name, alt)


SHARES = FuncFormatter(lambda share, _: f"{100 * share:.0f} %")
"""Writes the ticks of an axis of shares."""


def new_figure(size: tuple[float, float]) -> tuple[Figure, Axes]:
    """Return a figure of `size` inches and its axes; to be called within `page_style`."""
    drawn = Figure(figsize=size, layout="constrained")
    return drawn, drawn.subplots()


def _line(
    axes: Axes, across: Floats, values: Any, mark: Mark, counts: Counts | None = None
) -> None:
    """Draw a line with its markers, hollow where `counts` is SPARSE."""
    axes.plot(across, values, color=mark.colour, ls=mark.dashes, lw=1.4)
    sparse = np.zeros(len(across), dtype=bool) if counts is None else counts < SPARSE
    for chosen, face in ((~sparse, mark.colour), (sparse, CARD)):
        axes.plot(
            np.asarray(across)[chosen], np.asarray(values)[chosen], color=mark.colour,
            marker=mark.marker, ms=5, mfc=face, ls="none",
        )  # fmt: skip


def _count_bars(axes: Axes, probability: Floats, count: Counts) -> None:
    centres = (np.minimum(np.floor(probability * BINS), BINS - 1) + 0.5) / BINS
    axes.bar(centres, count, width=0.7 / BINS, color=MUTED, log=True)
    for at, forecasts in zip(centres, count, strict=True):
        axes.annotate(
            f"{forecasts:,}", (at, forecasts), xytext=(0, 2), textcoords="offset points",
            ha="center", fontsize=7,
        )  # fmt: skip
    axes.set_ylim(0.8, 8 * max(count, default=1))
    axes.set(ylabel="pronósticos")
    axes.yaxis.set_major_formatter(FuncFormatter(lambda forecasts, _: f"{forecasts:,.0f}"))
    axes.minorticks_off()
    axes.grid(visible=False)


def date_axis(axes: Axes, written: Callable[[date], str]) -> None:
    """Give an axis of dates a few ticks, each as `written` says it."""
    axes.xaxis.set_major_locator(AutoDateLocator(minticks=3, maxticks=6))  # type: ignore[no-untyped-call] # matplotlib.dates has no annotations
    shown = FuncFormatter(lambda at, _: written(num2date(at)))  # type: ignore[no-untyped-call] # the same
    axes.xaxis.set_major_formatter(shown)


def days_of(dates: Sequence[date]) -> Any:
    """Return dates as matplotlib draws them."""
    return np.array(dates, dtype="datetime64[D]")


def _widths(found: Coverage) -> tuple[Floats, Floats]:
    return found.width_95, found.width_80


def _skills_told(curves: Mapping[str, Sequence[SkillAhead]]) -> str:
    return " ".join(
        f"{contestant(who)}: "
        + ", ".join(f"{figure(one.comparison.skill, '+.2f')} % a {one.horizon}" for one in curve)
        + "."
        for who, curve in curves.items()
    )


def _pairs(probability: Floats, share: Floats) -> str:
    pairs = zip(probability, share, strict=True)
    return ", ".join(f"con {percent(given)}, {percent(found)}" for given, found in pairs) + "."
