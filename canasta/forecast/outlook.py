"""Forecasts of all series from one origin: what the report prints and serving looks up."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from canasta.forecast.panel import Floats


@dataclass(frozen=True)
class Outlook:
    """Forecast prices of S series for H target dates.

    Attributes:
        origin: the publication that the forecasts stand on.
        targets: H target dates, horizon 1 first.
        skipped: expected dates given up because they passed without a file.
        mean: (S, H) mean of the forecast price; NaN for a series that is not live.
        median: (S, H) its median, the suggested price; NaN likewise.
    """

    origin: date
    targets: tuple[date, ...]
    skipped: tuple[date, ...]
    mean: Floats
    median: Floats
