"""Forecasts of all series from one origin: what the report prints and serving looks up."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

import numpy as np

from canasta.forecast.distribution import Distribution
from canasta.forecast.features.build import build_all
from canasta.forecast.panel import Floats, Panel
from canasta.forecast.predictor import Predictor

HORIZONS = 6
"""Publications ahead that a forecast reaches: two weeks."""

_TAIL = (0.001, 0.005, 0.01, 0.015, 0.02, 0.025, 0.03, 0.04, 0.05, 0.075, 0.1)
_LOWER = (*_TAIL, *(round(0.12 + 0.02 * step, 2) for step in range(19)))
LEVELS = (*_LOWER, 0.5, *(round(1.0 - level, 3) for level in reversed(_LOWER)))
"""The 61 levels at which forecasts are written down, denser in the tails."""


@dataclass(frozen=True)
class Outlook:
    """Forecast prices of S series for H target dates; NaN for a series that is not live.

    Attributes:
        origin: the publication that the forecasts stand on.
        targets: H target dates, horizon 1 first.
        skipped: expected dates given up because they passed without a file.
        mean: (S, H) mean of the forecast price, in the commodity's unit.
        p_up, p_down: (S, H) probabilities that the price is higher, or lower, than the last one.
        quantiles: (S, H, 61) prices at LEVELS.
    """

    origin: date
    targets: tuple[date, ...]
    skipped: tuple[date, ...]
    mean: Floats
    p_up: Floats
    p_down: Floats
    quantiles: Floats

    @property
    def median(self) -> Floats:
        """(S, H) median of the forecast price: the suggested price."""
        return self.at_level(0.5)

    @property
    def p_change(self) -> Floats:
        """(S, H) probability that the price is another than the last one."""
        return self.p_up + self.p_down

    def at_level(self, level: float) -> Floats:
        """(S, H) quantile of the forecast price.

        Raises:
            ValueError: `level` is none of LEVELS.
        """
        quantiles: Floats = self.quantiles[:, :, LEVELS.index(level)]
        return quantiles

    def interval(self, share: float) -> tuple[Floats, Floats]:
        """Return the ends, (S, H) each, of the central range that holds `share`, .80 or .95."""
        tail = round((1.0 - share) / 2, 3)
        return self.at_level(tail), self.at_level(round(1.0 - tail, 3))


def outlook_of(
    origin: date,
    targets: tuple[date, ...],
    skipped: tuple[date, ...],
    last: Floats,
    changes: Sequence[Distribution],
) -> Outlook:
    """Turn distributions of changes into forecast prices.

    Args:
        origin: as in Outlook.
        targets: as in Outlook.
        skipped: as in Outlook.
        last: (S,) last prices; NaN for a series that is not live.
        changes: for each horizon, the distributions of the change of S series.
    """
    base = last[:, np.newaxis]

    def of_live(values: Sequence[Floats]) -> Floats:
        return np.where(np.isfinite(base), np.stack(values, axis=1), np.nan)

    quantiles = np.stack([one.quantiles(LEVELS) for one in changes], axis=1)
    return Outlook(
        origin=origin,
        targets=targets,
        skipped=skipped,
        mean=base + np.stack([one.mean for one in changes], axis=1),
        p_up=of_live([one.p_up for one in changes]),
        p_down=of_live([one.p_down for one in changes]),
        quantiles=base[:, :, np.newaxis] + quantiles,
    )


def forecast(predictor: Predictor, panel: Panel, as_of: date) -> Outlook:
    """Forecast every live series of `panel` for its next HORIZONS publications, as of `as_of`.

    Raises:
        TooLittleHistory: the panel holds no publication.
        FeaturesMismatch: the model was fitted on other features.
    """
    targets = panel.calendar.targets(panel.origin, as_of, HORIZONS)
    features = build_all(panel, HORIZONS, targets.dates)
    newest = len(panel.dates) - 1
    return outlook_of(
        origin=panel.origin,
        targets=targets.dates,
        skipped=targets.skipped,
        last=np.where(panel.live, panel.filled[:, -1], np.nan),
        changes=[
            predictor.changes(panel, features, newest, horizon)
            for horizon in range(1, HORIZONS + 1)
        ],
    )
