"""What was forecast and written down, beside what came: the record of all champions so far.

Of each origin the first forecast that was written down counts, whatever came later. A target
needs both prices quoted, as everywhere.
"""

from __future__ import annotations

from dataclasses import dataclass, fields
from datetime import date

import numpy as np

from canasta.forecast.distribution import Distribution
from canasta.forecast.empirical import Empirical
from canasta.forecast.evaluation.metrics import covered
from canasta.forecast.evaluation.slices import Losses
from canasta.forecast.features.rows import SCALE
from canasta.forecast.outlook import LEVELS
from canasta.forecast.panel import Floats, Panel
from canasta.monitor.written import Written, first_written
from canasta.store import Store


@dataclass(frozen=True)
class Outcome:
    """Forecasts of S series for one publication from one origin, beside what came: (S,) each.

    NaN where nothing was forecast, or where nothing came that can be scored. In the unit.

    Attributes:
        last: the last price, as it was known then.
        came: the price that came.
        mean, median: of the forecast price.
        p_change: probability of another price.
        low_80, high_80, low_95, high_95: ends of the central ranges.
        crps: of the forecast.
        base_crps: of persistence's distribution, in the same quantiles.
    """

    last: Floats
    came: Floats
    mean: Floats
    median: Floats
    p_change: Floats
    low_80: Floats
    high_80: Floats
    low_95: Floats
    high_95: Floats
    crps: Floats
    base_crps: Floats


@dataclass(frozen=True)
class Record:
    """First forecasts of S series from N origins over one horizon, beside what came: (S, N).

    NaN where nothing was forecast, or where nothing came that can be scored. In the unit.

    Attributes:
        horizon: publications.
        origins, targets: N dates each; the targets were published.
        versions: N versions of the model.
        last, came, mean, median, p_change, crps, base_crps: as of `Outcome`.
        range_80, range_95: ends of the central ranges.
    """

    horizon: int
    origins: tuple[date, ...]
    targets: tuple[date, ...]
    versions: tuple[int, ...]
    last: Floats
    came: Floats
    mean: Floats
    median: Floats
    p_change: Floats
    range_80: tuple[Floats, Floats]
    range_95: tuple[Floats, Floats]
    crps: Floats
    base_crps: Floats

    @property
    def moved(self) -> Floats:
        """(S, N): 1 where another price came than the last one, 0 where the same did."""
        moved = np.rint(self.came * SCALE) != np.rint(self.last * SCALE)
        return np.where(np.isfinite(self.came), moved, np.nan)

    @property
    def losses(self) -> Losses:
        """What the slices are measured by; the reference is the last price, and persistence."""
        return Losses(
            horizon=self.horizon,
            mean_error=self.mean - self.came,
            median_error=self.median - self.came,
            last_error=self.last - self.came,
            crps=self.crps,
            base_crps=self.base_crps,
            inside_80=covered(*self.range_80, self.came),
            inside_95=covered(*self.range_95, self.came),
        )


def read_record(lake: Store, panel: Panel, horizon: int, market_weight: float) -> Record:
    """Read the record of one horizon from a lake, beside the prices of `panel`.

    Args:
        lake: with the forecasts.
        panel: the history; later forecasts are left out.
        horizon: publications ahead.
        market_weight: of persistence: changes that the market counts beside a series' own.

    Raises:
        ObjectCorrupt: a file cannot be read, or its quantiles are taken at other levels.
    """
    column = {day: at for at, day in enumerate(panel.dates)}
    written = first_written(lake, horizon)
    due = [one for one in written if one.origin in column and one.target in column]
    empirical = Empirical.of(panel, horizon, market_weight)
    made = [outcome_of(one, panel, empirical.at(column[one.origin])) for one in due]
    arrays = {
        field.name: np.stack([getattr(one, field.name) for one in made], axis=1)
        if made
        else np.empty((len(panel.keys), 0))
        for field in fields(Outcome)
    }
    return Record(
        horizon=horizon,
        origins=tuple(one.origin for one in due),
        targets=tuple(one.target for one in due),
        versions=tuple(one.version for one in due),
        range_80=(arrays.pop("low_80"), arrays.pop("high_80")),
        range_95=(arrays.pop("low_95"), arrays.pop("high_95")),
        **arrays,
    )


def outcome_of(written: Written, panel: Panel, base: Distribution) -> Outcome:
    """Lay a forecast beside what came.

    Args:
        written: whose origin and target are publications of `panel`.
        panel: the history, of S series, in whose order the outcome is.
        base: persistence's S distributions of the change.
    """
    origin, target = panel.dates.index(written.origin), panel.dates.index(written.target)
    last, mean, p_change, quantiles = _in_order(written, panel)
    both = np.isfinite(panel.prices[:, origin]) & np.isfinite(quantiles[:, 0])
    came = np.where(both, panel.prices[:, target], np.nan)
    at = {level: quantiles[:, LEVELS.index(level)] for level in (0.025, 0.1, 0.5, 0.9, 0.975)}
    change = came - last
    return Outcome(
        last=last,
        came=came,
        mean=mean,
        median=at[0.5],
        p_change=p_change,
        low_80=at[0.1],
        high_80=at[0.9],
        low_95=at[0.025],
        high_95=at[0.975],
        crps=_from_grid(quantiles - last[:, np.newaxis]).crps(change),
        base_crps=_from_grid(base.quantiles(LEVELS)).crps(change),
    )


def _in_order(written: Written, panel: Panel) -> tuple[Floats, Floats, Floats, Floats]:
    """Return last, mean, P(change) and quantiles for the panel's series; NaN where none is."""
    place = {key: row for row, key in enumerate(written.keys)}
    rows = np.array([place.get(key, -1) for key in panel.keys])

    def ordered(values: Floats) -> Floats:
        found: Floats = values[rows].copy()
        found[rows < 0] = np.nan
        return found

    return (
        ordered(written.last),
        ordered(written.mean),
        ordered(written.p_change),
        ordered(written.quantiles),
    )


def _from_grid(quantiles: Floats) -> Distribution:
    """Return the distributions that have (R, 61) quantiles at LEVELS.

    Each quantile stands for the levels that are nearer to it than to any other.
    """
    middles = (np.array(LEVELS[1:]) + np.array(LEVELS[:-1])) / 2
    widths = np.diff(np.concatenate([[0.0], middles, [1.0]]))
    return Distribution(quantiles, np.broadcast_to(widths, quantiles.shape))
