"""The tables of the back-test's page: contestants by measure, and slices, in Spanish."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from canasta.deliver.backtest.spanish import contestant, figure, percent
from canasta.forecast.evaluation.backtest import Backtest
from canasta.forecast.evaluation.diagnosis import SliceRecord, scored_horizons, skill_by_slice

type Measured = Mapping[str, Mapping[int, Mapping[str, float]]]
"""Measures by contestant, horizon and name; without the horizons that it did not forecast."""


@dataclass(frozen=True, slots=True)
class _Line:
    """One measure of a table: what it is called, how it is written, and which end is best."""

    measure: str
    label: str
    write: Callable[[float], str]
    best: Callable[..., float] | None = None


def _decimals(form: str) -> Callable[[float], str]:
    return lambda value: figure(value, form)


def _percent(value: float) -> str:
    return figure(100 * value, ".1f")


_GROUPS = {
    "Precio medio (la media)": (
        _Line("rmse", "RMSE", _decimals(".4f"), min),
        _Line("rmse_skill", "Ventaja sobre el último precio, %", _decimals("+.2f"), max),
        _Line("dm_rmse", "DM", _decimals("+.1f")),
        _Line("rmse_robust", "RMSE robusto", _decimals(".4f"), min),
    ),
    "Precio sugerido (la mediana)": (
        _Line("mae", "MAE", _decimals(".4f"), min),
        _Line("mae_skill", "Ventaja sobre el último precio, %", _decimals("+.2f"), max),
        _Line("dm_mae", "DM", _decimals("+.1f")),
    ),
    "Pronóstico completo (la distribución)": (
        _Line("crps", "CRPS", _decimals(".4f"), min),
        _Line("crps_skill", "Ventaja sobre la persistencia, %", _decimals("+.2f"), max),
        _Line("dm_crps", "DM", _decimals("+.1f")),
    ),
    "Probabilidad de cambio": (
        _Line("auc", "AUC", _decimals(".3f"), max),
        _Line("ece", "Error de calibración (ECE)", _decimals(".3f"), min),
    ),
    "Rangos": (
        _Line("winkler_ratio_95", "Winkler 95 %, veces la persistencia", _decimals(".3f"), min),
        _Line("coverage_80", "Cobertura del 80 %, %", _percent),
        _Line("coverage_95", "Cobertura del 95 %, %", _percent),
        _Line("coverage_95_active", "La misma, series más activas, %", _percent),
    ),
}


@dataclass(frozen=True, slots=True)
class Cell:
    """A figure as it is written, and whether it is the best of its line."""

    text: str
    best: bool


@dataclass(frozen=True, slots=True)
class Table:
    """Contestants at one horizon, the best CRPS first.

    Attributes:
        horizon: of the forecasts.
        contestants: how each is called, and its name.
        groups: lines by the heading they stand under; a line is its label and its cells.
    """

    horizon: int
    contestants: tuple[tuple[str, str], ...]
    groups: tuple[tuple[str, tuple[tuple[str, tuple[Cell, ...]], ...]], ...]


@dataclass(frozen=True, slots=True)
class SliceRow:
    """One slice: its figures as written, and the length of its bar in percent of the longest."""

    part: str
    forecasts: str
    moved: str
    skill: str
    dm: str
    far_skill: str
    far_dm: str
    bar: float
    worse: bool
    far_worse: bool


def measure(backtest: Backtest) -> Measured:
    """Measure every contestant at the horizons that it forecasts."""
    return {
        name: {
            horizon: backtest.metrics(name, horizon=horizon)
            for horizon in scored_horizons(backtest, name)
        }
        for name in backtest.scored
    }


def contestants_table(measured: Measured, horizon: int) -> Table:
    """Lay out every contestant that forecast `horizon`."""
    there = {who: by[horizon] for who, by in measured.items() if horizon in by}
    ranked = sorted(there, key=lambda who: (_lost(there[who]["crps_skill"]), who))
    groups = tuple(
        (
            heading,
            tuple(
                (line.label, _cells(line, [there[who][line.measure] for who in ranked]))
                for line in lines
            ),
        )
        for heading, lines in _GROUPS.items()
    )
    return Table(horizon, tuple((contestant(who), who) for who in ranked), groups)


def slice_rows(backtest: Backtest, name: str, far: int) -> tuple[SliceRow, ...]:
    """Lay out a contestant's slices at horizon 1, the worst first, and beside it at `far`."""
    records = skill_by_slice(backtest, name)
    beyond = {record.part: record for record in skill_by_slice(backtest, name, far)}
    longest = max(
        (abs(r.comparison.skill) for r in records if math.isfinite(r.comparison.skill)), default=0.0
    )
    return tuple(_slice_row(record, beyond[record.part], longest) for record in records)


def _slice_row(record: SliceRecord, beyond: SliceRecord, longest: float) -> SliceRow:
    near, far = record.comparison, beyond.comparison
    length = 100 * abs(near.skill) / longest if longest and math.isfinite(near.skill) else 0.0
    return SliceRow(
        part=record.part,
        forecasts=f"{record.forecasts:,}",
        moved=percent(record.moved),
        skill=figure(near.skill, "+.2f"),
        dm=figure(near.dm, "+.1f"),
        far_skill=figure(far.skill, "+.2f"),
        far_dm=figure(far.dm, "+.1f"),
        bar=round(length, 1),
        worse=near.skill < 0,
        far_worse=far.skill < 0,
    )


def _lost(skill: float) -> float:
    return math.inf if math.isnan(skill) else -skill


def _cells(line: _Line, values: Sequence[float]) -> tuple[Cell, ...]:
    written = [line.write(value) for value in values]
    known = [value for value in values if math.isfinite(value)]
    if line.best is None or len(set(known)) < len(("one", "other")):
        return tuple(Cell(text, best=False) for text in written)
    best = line.write(line.best(known))
    return tuple(Cell(text, best=text == best) for text in written)
