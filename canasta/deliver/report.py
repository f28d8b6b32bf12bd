"""The daily report: one row for each live series, in Spanish, for the next publication.

The one definition of its columns. They begin with the earlier system's, in its order, so that
existing readers keep working.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import cast

import numpy as np
import pandas as pd

from canasta.commodity import Commodity
from canasta.forecast.outlook import Outlook
from canasta.forecast.panel import Floats, Panel
from canasta.forecast.recipe import PERSISTENCE
from canasta.labels import SIMULATED

DATE_PARTS = ("día", "mes", "año", "dia_semana")
"""The target date in parts; weekday 0 is Monday."""
TARGET, HORIZON, MODEL, VERSION = "fecha", "horizonte", "modelo", "version"
BACKFILLED = "backfilled"
"""Marks a report that was missing and was made up for later."""
QUOTES_IN_MEAN = 7
SUGGESTED_DECIMALS = 2
DECIMALS = 4
"""Of every price but the suggested one: what lies beyond is float noise."""


@dataclass(frozen=True, slots=True)
class ModelName:
    """Which model forecast, and what people must know of how it did.

    Attributes:
        algorithm: as in its recipe.
        version: in the registry.
        simulated: whether the lake holds simulated publications.
        backfilled: whether the report was missing, and is made up for after its day.
    """

    algorithm: str
    version: int
    simulated: bool
    backfilled: bool = False

    @property
    def label(self) -> str:
        """The name for people: `xgboost`, or `xgboost (backfilled) (DATOS SIMULADOS)`."""
        marks = {BACKFILLED: self.backfilled, SIMULATED: self.simulated}
        return " ".join([self.algorithm, *(f"({mark})" for mark, holds in marks.items() if holds)])

    @property
    def is_persistence(self) -> bool:
        """Whether the last price is the forecast."""
        return self.algorithm == PERSISTENCE


@dataclass(frozen=True, slots=True)
class PriceColumns:
    """Names of the report's price columns.

    Attributes:
        last: the last quoted price.
        recent: the mean of the last QUOTES_IN_MEAN quotes.
        suggested: the median of the forecast.
        mean: its mean.
    """

    last: str
    recent: str
    suggested: str
    mean: str

    @classmethod
    def of(cls, commodity: Commodity) -> PriceColumns:
        """Return the names for `commodity`, whose price column they begin with."""
        price = commodity.keys.price
        return cls(f"{price}_lag1", f"{price}_mean7", f"{price}_sugerido", f"{price}_medio")

    @property
    def all(self) -> tuple[str, ...]:
        """The four names, in the report's order."""
        return self.last, self.recent, self.suggested, self.mean


def report_columns(commodity: Commodity) -> tuple[str, ...]:
    """Return the columns of the report, in order."""
    price = PriceColumns.of(commodity)
    earlier = (*commodity.keys.columns, *DATE_PARTS, price.last, price.recent, price.suggested)
    return (*earlier, TARGET, HORIZON, price.mean, MODEL, VERSION)


def daily_report(
    panel: Panel, outlook: Outlook, commodity: Commodity, model: ModelName
) -> pd.DataFrame:
    """Tabulate the forecasts of the next publication: one row for each live series, by key.

    Prices are in the commodity's unit, the suggested one with 2 decimals, the others with at
    most 4. `fecha` is the target date in ISO form. Columns: see `report_columns`.

    Args:
        panel: the history that the forecasts stand on.
        outlook: the forecasts; a series whose mean is NaN is not live.
        commodity: whose key columns and price column name the columns.
        model: what forecast.

    Raises:
        ValueError: `outlook` does not belong to `panel`.
    """
    check_belongs(outlook, panel)
    live = np.flatnonzero(np.isfinite(outlook.mean[:, 0]))
    rows = sorted(live.tolist(), key=lambda row: panel.keys[row])
    keys = [panel.keys[row] for row in rows]
    price = PriceColumns.of(commodity)
    content = {
        **{name: [key[at] for key in keys] for at, name in enumerate(commodity.keys.columns)},
        **_date_columns(outlook.targets[0]),
        price.last: panel.filled[rows, -1].round(DECIMALS),
        price.recent: recent_means(panel.prices[rows]).round(DECIMALS),
        price.suggested: outlook.median[rows, 0].round(SUGGESTED_DECIMALS),
        HORIZON: 1,
        price.mean: outlook.mean[rows, 0].round(DECIMALS),
        MODEL: model.label,
        VERSION: model.version,
    }
    return pd.DataFrame(content, columns=list(report_columns(commodity)), index=range(len(rows)))


def check_belongs(outlook: Outlook, panel: Panel) -> None:
    """Check that `outlook` forecasts the series of `panel` from its newest publication.

    Raises:
        ValueError: it does not.
    """
    shape = (len(panel.keys), len(outlook.targets))
    if outlook.origin != panel.origin or outlook.mean.shape != shape:
        raise ValueError(
            f"expected forecasts of shape {shape} from {panel.origin}, "
            f"got {outlook.mean.shape} from {outlook.origin}"
        )


def recent_means(prices: Floats) -> Floats:
    """Mean of the last QUOTES_IN_MEAN quotes of each of (R, T), fewer where there are fewer."""
    quotes = [row[np.isfinite(row)][-QUOTES_IN_MEAN:] for row in prices]
    return np.array([quoted.mean() for quoted in quotes], dtype=np.float64)


def market_means(report: pd.DataFrame, commodity: Commodity) -> pd.DataFrame:
    """Average the report over places: one row for each market (for milk, Tipo × Canal).

    Returns:
        The columns of `commodity.keys.slices`, `series` (how many), then the last, suggested
        and mean price, each the plain mean over the market's series, and `change`, mean price
        less last; in the unit, with at most 4 decimals.
    """
    price = PriceColumns.of(commodity)
    markets = report.groupby(list(commodity.keys.slices), sort=True)
    shown = [price.last, price.suggested, price.mean]
    means = markets[shown].mean().round(DECIMALS)
    means.insert(0, "series", markets.size())
    means["change"] = (means[price.mean] - means[price.last]).round(DECIMALS)
    return means.reset_index()


def to_csv_bytes(report: pd.DataFrame) -> bytes:
    """Encode a report: UTF-8 without BOM, comma, decimal point, LF.

    Numbers with decimals show two or more, as many as it takes to read the same number back.
    """
    text = report.to_csv(index=False, lineterminator="\n", float_format=_decimals)
    return text.encode("utf-8")


def report_name(target: date, suffix: str = ".csv") -> str:
    """Return the file name of the report for `target`."""
    return f"predicciones_{target.isoformat()}{suffix}"


def _date_columns(target: date) -> dict[str, int | str]:
    parts: Sequence[int] = (target.day, target.month, target.year, target.weekday())
    return {**dict(zip(DATE_PARTS, parts, strict=True)), TARGET: target.isoformat()}


def _decimals(value: object) -> str:
    # pandas gives this to float columns only.
    return np.format_float_positional(cast("float", value), min_digits=2)
