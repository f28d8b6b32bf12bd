"""The pictures of the page of watching: skill, coverage and drift over time, as SVG."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from datetime import date

import numpy as np
from markupsafe import Markup
from matplotlib.axes import Axes
from matplotlib.ticker import FuncFormatter

from canasta.deliver.backtest.inline_svg import (
    AMBER,
    INK,
    MUTED,
    TEAL,
    WORSE,
    inline_svg,
    page_style,
)
from canasta.deliver.backtest.pictures import (
    LARGE,
    MARKS,
    NARROW,
    SHARES,
    WIDE,
    Mark,
    date_axis,
    days_of,
    new_figure,
)
from canasta.deliver.backtest.spanish import figure, percent, short_day, short_month
from canasta.forecast.panel import Floats
from canasta.monitor.trailing import Trailing
from canasta.monitor.verdict import Severity, Verdict

SKILLS = (
    ("Pronóstico completo (CRPS)", "crps_skill", MARKS[0]),
    ("Precio medio (RMSE)", "rmse_skill", MARKS[1]),
    ("Precio sugerido (MAE)", "mae_skill", MARKS[2]),
)
"""Lines of the picture of skills: title, attribute, mark."""
SEVERITIES = {
    Severity.OK: Mark(TEAL, "o", "-", "●"),
    Severity.WARNING: Mark(AMBER, "^", "-", "▲"),
    Severity.ALERT: Mark(WORSE, "D", "-", "◆"),
}
DAYS_SHOWN = 100
"""A span of more days has its ticks at months, a shorter one at days."""
CEILING = 200.0
"""Percent of the way to an ALERT above which a check is drawn at the upper edge."""
MARKED = 12
"""Markers of a line, at most; each publication has its own while there are no more."""


def skill_picture(found: Trailing, changes: Sequence[date]) -> Markup:
    """Draw skills over time; a dotted line where another recipe took the title."""
    with page_style():
        drawn, axes = new_figure(LARGE)
        axes.axhline(0, color=MUTED, lw=1)
        for _, name, mark in SKILLS:
            _line(axes, found.targets, getattr(found, name), mark)
        _mark_changes(axes, found.targets, changes)
        _date_axis(axes, found.targets)
        axes.set(ylabel="ventaja (%)")
        ends = "; ".join(
            f"{title} {figure(getattr(found, name)[-1], '+.1f')} %" for title, name, _ in SKILLS
        )
        return inline_svg(drawn, "skill", f"Ventaja a lo largo del tiempo; al final: {ends}.")


def saved_picture(found: Trailing, changes: Sequence[date]) -> Markup:
    """Draw the error saved since the first publication."""
    with page_style():
        drawn, axes = new_figure(LARGE)
        axes.axhline(0, color=MUTED, lw=1)
        _line(axes, found.targets, found.saved, WIDE)
        _mark_changes(axes, found.targets, changes)
        _date_axis(axes, found.targets)
        axes.set(ylabel="error ahorrado (%)")
        end = figure(found.saved[-1], "+.2f")
        return inline_svg(
            drawn, "saved", f"Error ahorrado hasta cada publicación; al final, {end} %."
        )


def coverage_picture(found: Trailing) -> Markup:
    """Draw how often the 80 and 95 % ranges held what came, over time."""
    with page_style():
        drawn, axes = new_figure(LARGE)
        for nominal, shares, mark in (
            (0.95, found.coverage_95, WIDE),
            (0.80, found.coverage_80, NARROW),
        ):
            axes.axhline(nominal, color=mark.colour, lw=0.8, ls=":")
            _line(axes, found.targets, shares, mark)
        lowest = min(0.78, float(np.nanmin(found.coverage_80)), float(np.nanmin(found.coverage_95)))
        axes.set(ylim=(lowest - 0.02, 1.005), ylabel="precios dentro del rango")
        axes.yaxis.set_major_formatter(SHARES)
        _date_axis(axes, found.targets)
        ends = (percent(found.coverage_95[-1]), percent(found.coverage_80[-1]))
        told = f"el rango del 95 % contiene {ends[0]} y el del 80 % {ends[1]}"
        return inline_svg(drawn, "coverage", f"Cobertura a lo largo del tiempo; al final, {told}.")


def drift_picture(verdicts: Sequence[Verdict]) -> Markup | None:
    """Draw how near the nearest check of each publication came to an ALERT; None without any."""
    near = zip(verdicts, nearness(verdicts), strict=True)
    known = [(one.as_of, way, one.severity) for one, way in near if math.isfinite(way)]
    if not known:
        return None
    with page_style():
        drawn, axes = new_figure(LARGE)
        axes.axhline(100, color=WORSE, lw=1, ls="--")
        days = [day for day, _, _ in known]
        heights = np.minimum([value for _, value, _ in known], CEILING)
        axes.plot(days_of(days), heights, color=MUTED, lw=0.8)
        for severity, mark in SEVERITIES.items():
            chosen = np.array([one is severity for _, _, one in known])
            axes.plot(
                days_of(days)[chosen], heights[chosen], color=mark.colour, marker=mark.marker,
                ms=4, ls="none",
            )  # fmt: skip
        axes.set(ylim=(0, max(115.0, float(heights.max()) + 10)), ylabel="de lo usual a la alerta")
        axes.yaxis.set_major_formatter(FuncFormatter(lambda height, _: f"{height:.0f} %"))
        _date_axis(axes, days)
        last = known[-1]
        told = f"la más cercana de {len(known)} publicaciones llegó a {heights.max():.0f} %"
        return inline_svg(
            drawn, "drift", f"Cercanía a la alerta: {told}; la última, a {last[1]:.0f} %."
        )


def nearness(verdicts: Sequence[Verdict]) -> list[float]:
    """Return how near each verdict came to an ALERT, by the check that came nearest.

    In percent of the way from what is usual, the check's median over all the verdicts, to the
    threshold: some quantities, such as the share of prices that stay, are always near theirs. NaN
    where no check has a threshold.
    """
    values: dict[str, list[float]] = {}
    for one in verdicts:
        for check in one.checks:
            values.setdefault(check.name, []).append(check.value)
    usual = {name: _median(found) for name, found in values.items()}
    return [_nearest(one, usual) for one in verdicts]


def _nearest(verdict: Verdict, usual: Mapping[str, float]) -> float:
    ways = [
        100 * (one.value - usual[one.name]) / (one.threshold - usual[one.name])
        for one in verdict.checks
        if math.isfinite(one.value) and one.threshold > usual[one.name]  # NaN is no threshold
    ]
    return max(0.0, *ways) if ways else math.nan


def _median(values: Sequence[float]) -> float:
    known = [value for value in values if math.isfinite(value)]
    return float(np.median(known)) if known else math.nan


def _line(axes: Axes, days: Sequence[date], values: Floats, mark: Mark) -> None:
    axes.plot(
        days_of(days), values, color=mark.colour, ls=mark.dashes, lw=1.5, marker=mark.marker,
        ms=3.5, markevery=max(1, len(days) // MARKED),
    )  # fmt: skip


def _mark_changes(axes: Axes, days: Sequence[date], changes: Sequence[date]) -> None:
    within = [day for day in changes if days[0] < day <= days[-1]]
    for day in days_of(within):
        axes.axvline(day, color=INK, lw=1.3, ls=":")


def _date_axis(axes: Axes, days: Sequence[date]) -> None:
    date_axis(axes, short_day if (days[-1] - days[0]).days <= DAYS_SHOWN else short_month)
