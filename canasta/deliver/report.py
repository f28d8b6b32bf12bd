"""The daily report: one row for each live series, in Spanish, for the next publication.

Its columns are named in `canasta.deliver.columns`. A report of more horizons has the same
columns, and begins with the rows of the daily one.
"""

from __future__ import annotations

from datetime import date
from typing import Any

import numpy as np
import pandas as pd

from canasta.commodity import Commodity
from canasta.deliver.columns import (
    BACKFILLED,
    DATE_PARTS,
    DIRECTION,
    DIRECTIONS,
    DOWN,
    HORIZON,
    MODEL,
    P_CHANGE,
    RANGE_80,
    RANGE_95,
    SAME,
    TARGET,
    UP,
    VERSION,
    ModelName,
    PriceColumns,
    decimals,
    report_columns,
)
from canasta.deliver.figures import Figures, Range, figures_of
from canasta.forecast.outlook import Outlook
from canasta.forecast.panel import Floats, Panel

__all__ = [
    "BACKFILLED",
    "DATE_PARTS",
    "DIRECTION",
    "DIRECTIONS",
    "DOWN",
    "HORIZON",
    "MODEL",
    "P_CHANGE",
    "RANGE_80",
    "RANGE_95",
    "SAME",
    "TARGET",
    "UP",
    "VERSION",
    "ModelName",
    "PriceColumns",
    "daily_report",
    "horizons_mark",
    "report_columns",
    "report_name",
    "to_csv_bytes",
]


def daily_report(
    panel: Panel, outlook: Outlook, commodity: Commodity, model: ModelName, horizons: int = 1
) -> pd.DataFrame:
    """Tabulate forecasts: one row for each live series and horizon, by horizon, then by key.

    Figures are in the commodity's unit, in the digits of `canasta.deliver.figures`. `fecha` is
    the target date in ISO form, `direccion` the sign of suggested price less last price, as
    published. Columns: see `report_columns`.

    Args:
        panel: the history that the forecasts stand on.
        outlook: the forecasts; a series whose mean is NaN is not live.
        commodity: whose key columns and price column name the columns.
        model: what forecast.
        horizons: how many publications ahead; 1 is the next one alone.

    Raises:
        ValueError: `outlook` does not belong to `panel`, or does not reach that far.
    """
    if not 1 <= horizons <= len(outlook.targets):
        raise ValueError(
            f"horizons must lie from 1 to {len(outlook.targets)}, which is as far as the "
            f"forecasts reach, got {horizons}"
        )
    figures = figures_of(panel, outlook)
    live = np.flatnonzero(np.isfinite(outlook.mean[:, 0]))
    rows = sorted(live.tolist(), key=lambda row: panel.keys[row])
    content = {
        **_labels(panel, rows * horizons, commodity),
        **_target_columns(outlook.targets[:horizons], len(rows)),
        **_figure_columns(figures, rows, horizons, PriceColumns.of(commodity)),
        MODEL: model.label,
        VERSION: model.version,
    }
    index = range(len(rows) * horizons)
    return pd.DataFrame(content, columns=list(report_columns(commodity)), index=index)


def to_csv_bytes(report: pd.DataFrame) -> bytes:
    """Encode a report: UTF-8 without BOM, comma, decimal point, LF.

    Numbers with decimals show two or more, as many as it takes to read the same number back.
    """
    text = report.to_csv(index=False, lineterminator="\n", float_format=decimals)
    return text.encode("utf-8")


def report_name(target: date, suffix: str = ".csv", horizons: int = 1) -> str:
    """Return the file name of the report of so many `horizons`, `target` being the first date."""
    return f"predicciones_{target.isoformat()}{horizons_mark(horizons)}{suffix}"


def horizons_mark(horizons: int) -> str:
    """Return what sets a report of more than the next publication apart: `_h6`."""
    return f"_h{horizons}" if horizons > 1 else ""


def _labels(panel: Panel, rows: list[int], commodity: Commodity) -> dict[str, list[str]]:
    columns = commodity.keys.columns
    return {name: [panel.keys[row][at] for row in rows] for at, name in enumerate(columns)}


def _target_columns(targets: tuple[date, ...], series: int) -> dict[str, list[Any]]:
    """Return the columns of the target dates, each date for so many `series`."""
    parts = [(day.day, day.month, day.year, day.weekday()) for day in targets]
    by_horizon: dict[str, list[Any]] = {
        **{name: [part[at] for part in parts] for at, name in enumerate(DATE_PARTS)},
        TARGET: [day.isoformat() for day in targets],
        HORIZON: list(range(1, len(targets) + 1)),
    }
    return {
        name: [value for value in values for _ in range(series)]
        for name, values in by_horizon.items()
    }


def _figure_columns(
    figures: Figures, rows: list[int], horizons: int, price: PriceColumns
) -> dict[str, Floats | list[str]]:
    def stacked(values: Floats) -> Floats:
        return values[rows, :horizons].T.ravel()

    def ends(names: tuple[str, str], limits: Range) -> dict[str, Floats]:
        return {name: stacked(limit) for name, limit in zip(names, limits, strict=True)}

    return {
        price.last: np.tile(figures.last[rows], horizons),
        price.recent: np.tile(figures.recent[rows], horizons),
        price.suggested: stacked(figures.suggested),
        price.mean: stacked(figures.mean),
        P_CHANGE: stacked(figures.p_change),
        DIRECTION: [DIRECTIONS[sign] for sign in stacked(figures.direction).tolist()],
        **ends(RANGE_80, figures.range_80),
        **ends(RANGE_95, figures.range_95),
    }
