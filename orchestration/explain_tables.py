"""The tables of one forecast's story: prices, forecasts, calibration, record."""

from __future__ import annotations

import math
from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray
from rich.box import SIMPLE_HEAD
from rich.console import RenderableType
from rich.table import Table

from canasta.deliver.figures import FINE_DECIMALS, figures_of
from canasta.forecast.empirical import Empirical
from canasta.forecast.evaluation.slices import measured
from canasta.forecast.hurdle.mixture import CHANGE, MEAN, SIZE_DOWN, SIZE_UP, UP, Hurdle
from canasta.forecast.hurdle.stages import stages
from canasta.forecast.outlook import Outlook
from canasta.forecast.panel import Panel
from canasta.monitor.record import Record
from orchestration.slice_tables import compared

QUOTES = 15
"""Quotes that are listed, the newest."""

OUTCOMES = 10
"""Outcomes that are listed, the newest."""

CHANGES = 12
"""Changes of persistence that are listed, the likeliest."""

HEAD_WORDS = {
    CHANGE: "Whether it changes: P(change)",
    UP: "Which way, if it does: P(up)",
    SIZE_UP: "How far, if it rises",
    SIZE_DOWN: "How far, if it falls",
    MEAN: "The mean change, directly",
}
"""What each head is asked."""


def prices_table(panel: Panel, row: int, unit: str) -> Table:
    """Tabulate the newest quotes of a series, with the change from each quote to the next."""
    quoted = np.flatnonzero(np.isfinite(panel.prices[row]))
    changes = np.diff(panel.prices[row, quoted], prepend=np.nan)
    table = _table(f"Last {min(QUOTES, len(quoted))} quotes, {unit}", "date", "")
    _add_numbers(table, "price", "change")
    for at, change in list(zip(quoted.tolist(), changes.tolist(), strict=True))[-QUOTES:]:
        day = panel.dates[at]
        moved = "" if math.isnan(change) else f"{change:+.2f}" if round(change, 4) else "="
        table.add_row(str(day), f"{day:%a}", f"{panel.prices[row, at]:.2f}", moved)
    return table


def forecast_table(panel: Panel, outlook: Outlook, row: int, unit: str) -> Table:
    """Tabulate the forecasts of a series, in the digits of the report."""
    figures = figures_of(panel, outlook)
    p_up, p_down = (values.round(FINE_DECIMALS) for values in (outlook.p_up, outlook.p_down))
    table = _table(f"Forecast, {unit}", "h", "target", "")
    _add_numbers(
        table, "median", "mean", "P(change)", "P(up)", "P(down)", "80 % range", "95 % range"
    )
    for at, target in enumerate(outlook.targets):
        table.add_row(
            str(at + 1),
            str(target),
            f"{target:%a}",
            f"{figures.suggested[row, at]:.2f}",
            f"{figures.mean[row, at]:.4f}",
            *(f"{values[row, at]:.2%}" for values in (figures.p_change, p_up, p_down)),
            *(
                f"{low[row, at]:.2f} to {high[row, at]:.2f}"
                for low, high in (figures.range_80, figures.range_95)
            ),
        )
    return table


def stages_table(hurdle: Hurdle, row: NDArray[np.float32], unit: str) -> Table:
    """Tabulate how the heads' answers to one row, (F,), become the published distribution."""
    table = _table(f"From the trees to the published distribution, {unit}", "")
    _add_numbers(table, "trees", "calibrated", "published")
    for head, stage in stages(hurdle, row).items():
        form = ".2%" if head in (CHANGE, UP) else "+.4f" if head == MEAN else ".4f"
        values = (stage.trees, stage.calibrated, stage.published)
        table.add_row(HEAD_WORDS[head], *(format(value, form) for value in values))
    return table


def stages_note(hurdle: Hurdle) -> str:
    """Say how to read `stages_table`."""
    return (
        "Calibrated on publications that these heads had not seen. Of sizes the trees name the "
        "typical one (the exponential of the mean logarithm), the calibration the mean of its "
        "spread. The calibrated mean is that of the parts together; the published one takes "
        f"{hurdle.calibration.tilt:.0%} of the direct mean, and P(up) is tilted until the parts "
        "have it, as far as its floor allows."
    )


def empirical_note(empirical: Empirical, row: int, unit: str) -> str:
    """Say what persistence's distribution of a series rests on."""
    known = int(np.isfinite(empirical.units[row]).sum())
    return (
        "Persistence is champion: no feature has a say. What is forecast is how often this price "
        f"changed by how much over {empirical.horizon} publication"
        f"{'s' if empirical.horizon > 1 else ''} so far, {known} times, beside its market's "
        f"changes, which together count {empirical.weight:.0f}; in {unit}.\n"
    )


def empirical_table(empirical: Empirical, panel: Panel, row: int) -> Table:
    """Tabulate the likeliest changes of a series under persistence."""
    made = empirical.at(len(panel.dates) - 1)
    atoms, weights = made.atoms[row], made.weights[row]
    likeliest = np.sort(np.argsort(-weights, kind="stable")[:CHANGES])
    table = _table("Likeliest changes")
    _add_numbers(table, "change", "probability")
    for at in likeliest:
        table.add_row(f"{atoms[at]:+.2f}" if atoms[at] else "=", f"{weights[at]:.2%}")
    others = len(atoms) - len(likeliest)
    if others:
        rest = 1.0 - weights[likeliest].sum()
        table.add_row(f"{others} others", f"{rest:.2%}")
    return table


def record_table(record: Record, row: int, unit: str) -> Iterator[RenderableType]:
    """Yield how the forecasts of a series that were written down fared: a summary, a table."""
    came = np.flatnonzero(np.isfinite(record.crps[row]))
    if not came.size:
        yield f"Record, {ahead(record.horizon)}: nothing has come yet that was forecast for it."
        return
    yield _summary(record, row, unit)
    table = _table(f"Last {min(OUTCOMES, len(came))} outcomes, {unit}", "target", "version")
    _add_numbers(table, "last", "median", "P(change)", "95 % range", "came", "change", "error")
    low, high = record.range_95
    for at in came[-OUTCOMES:]:
        cell = (row, at)
        change = record.came[cell] - record.last[cell]
        table.add_row(
            str(record.targets[at]),
            str(record.versions[at]),
            f"{record.last[cell]:.2f}",
            f"{record.median[cell]:.2f}",
            f"{record.p_change[cell]:.0%}",
            f"{low[cell]:.2f} to {high[cell]:.2f}",
            f"{record.came[cell]:.2f}",
            f"{change:+.2f}" if record.moved[cell] else "=",
            f"{record.median[cell] - record.came[cell]:+.2f}",
        )
    yield table


def _summary(record: Record, row: int, unit: str) -> str:
    own = record.losses.of_rows(np.array([row]))
    all_of_it = measured(own, "series", "")
    moved = int(np.nansum(record.moved[row]))
    mae, base = (float(np.nanmean(np.abs(e))) for e in (own.median_error, own.last_error))
    crps, base_crps = (float(np.nanmean(loss)) for loss in (own.crps, own.base_crps))
    return (
        f"Record, {ahead(record.horizon)}, of the first forecast written down for each origin: "
        f"{all_of_it.count} came, {moved} with another price than the last one.\n"
        f"MAE {mae:.4f} against the last price's {base:.4f}, skill % (DM) "
        f"{compared(all_of_it.mae)}; CRPS {crps:.4f} against persistence's {base_crps:.4f}, "
        f"{compared(all_of_it.crps)}; {unit}.\n"
        f"In the 80 % range {all_of_it.coverage_80:.0%}, in the 95 % range "
        f"{all_of_it.coverage_95:.0%}.\n"
    )


def ahead(horizon: int) -> str:
    """Say how far ahead a horizon is."""
    return "1 publication ahead" if horizon == 1 else f"{horizon} publications ahead"


def _table(title: str, *columns: str) -> Table:
    table = Table(title=title, title_justify="left", box=SIMPLE_HEAD)
    for heading in columns:
        table.add_column(heading, no_wrap=True)
    return table


def _add_numbers(table: Table, *columns: str) -> None:
    for heading in columns:
        table.add_column(heading, justify="right", no_wrap=True)
