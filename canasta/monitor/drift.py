"""Whether the newest prices behave as prices did: each quantity against its own past. Pure."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import numpy as np

from canasta.forecast.panel import Floats, Panel
from canasta.monitor.drift_quantities import Quantities, Rarity, Statistic
from canasta.monitor.drift_thresholds import count_bound, tail_bound, window_bound
from canasta.monitor.drift_windows import Windows, publications_in, scores
from canasta.monitor.verdict import Check, Severity, Verdict, worst
from canasta.parameters import DriftParameters

WINDOW = "-window"
"""What the names of checks of the last days end in, after the quantity's."""


@dataclass(frozen=True, slots=True)
class _Rates:
    """Probabilities of a single check's false ALERT, and of its false WARNING or ALERT."""

    alert: float
    warning: float


@dataclass(frozen=True, slots=True)
class _Past:
    """How much of it there is to learn from, in publications."""

    windows: Windows
    history: int
    parameters: DriftParameters


def check_drift(
    panel: Panel, parameters: DriftParameters, measured: Mapping[str, float] | None = None
) -> Verdict:
    """Hold the newest publication, and the last days, against the past of the same panel.

    Three kinds of checks, none with a threshold of its own:

    - numbers of the newest publication (shares that changed and stayed, mean change, size of
      changes, pairs of series whose order turned), against those of past publications;
    - places that miss a live series or show a new one, against how rare that is;
    - the cells of the last days against those before (change, P(change), movement of the
      spreads), by normed Wasserstein distance, against the distances of past windows.

    The false-alarm rates of `parameters` are shared out evenly (Bonferroni). A quantity with too
    little past, or one that hardly ever moved, is OK with a NaN threshold. Nothing of the current
    publication or window enters its own threshold.

    Args:
        panel: the history as known on the day.
        parameters: windows, and false-alarm rates.
        measured: scores of the last days by quantity, as another has measured them; by default
            they are computed here, by the same definition.

    Returns:
        The verdict, as of the panel's newest publication.

    Raises:
        TooLittleHistory: the panel holds no publication.
    """
    origin = panel.origin
    past = _past_of(panel, parameters)
    quantities = Quantities(panel, past.windows.reference)
    statistics, rarities = quantities.statistics, quantities.rarities
    cells = quantities.cells
    number = len(statistics) + len(rarities) + len(cells)
    rates = _Rates(parameters.alert_rate / number, parameters.warning_rate / number)
    checks = (
        *(_statistic_check(one, past, rates) for one in statistics),
        *(_rarity_check(one, past, rates) for one in rarities),
        *_window_checks(cells, past, rates, measured or {}),
    )
    return Verdict(origin, worst(check.severity for check in checks), checks)


def windows_of(panel: Panel, parameters: DriftParameters) -> Windows:
    """Return the windows of `parameters` in publications of the panel's calendar."""
    current, reference = (
        publications_in(days, panel.calendar)
        for days in (parameters.window_days, parameters.reference_days)
    )
    return Windows(current, reference, min(parameters.least_history, reference))


def _past_of(panel: Panel, parameters: DriftParameters) -> _Past:
    history = publications_in(parameters.history_days, panel.calendar)
    return _Past(windows_of(panel, parameters), history, parameters)


def _statistic_check(statistic: Statistic, past: _Past, rates: _Rates) -> Check:
    """Check one number of the newest publication against its tail in the past."""
    value = float(statistic.values[-1])
    earlier = statistic.values[:-1][-past.history :]
    earlier = earlier[np.isfinite(earlier)]
    scale, tail = statistic.scale, past.parameters.tail
    if earlier.size < past.parameters.least_history or not np.isfinite(value):
        return _untold(statistic.name, value)
    on_scale = scale.up(earlier)
    step = scale.step(float(np.quantile(on_scale, 1 - tail)))
    alert, warning = (
        scale.down(tail_bound(on_scale, rate, tail, step)) for rate in (rates.alert, rates.warning)
    )
    return _check(statistic.name, value, alert, warning)


def _rarity_check(rarity: Rarity, past: _Past, rates: _Rates) -> Check:
    """Check how many places something rare befell, against how often it did."""
    value = float(rarity.counts[-1]) / rarity.of
    # The first publications show everything for the first time.
    earlier = rarity.counts[past.windows.current : -1][-past.history :]
    if earlier.size < past.parameters.least_history:
        return _untold(rarity.name, value)
    alert, warning = (
        count_bound(earlier, rarity.of, rate) / rarity.of for rate in (rates.alert, rates.warning)
    )
    return _check(rarity.name, value, alert, warning)


def _window_checks(
    cells: Mapping[str, Floats], past: _Past, rates: _Rates, measured: Mapping[str, float]
) -> Iterator[Check]:
    """Check the last days of each quantity against what separated earlier days from theirs."""
    windows = past.windows
    for name, values in cells.items():
        known = values[:, -(past.history + windows.reference + windows.current) :]
        found = scores(known, windows)
        value = float(found[-1]) if found.size else np.nan
        # Windows that share no publication with the current one.
        earlier = found[: -windows.current]
        earlier = earlier[np.isfinite(earlier)]
        independent = earlier.size / windows.current
        title = f"{name}{WINDOW}"
        if independent < past.parameters.least_windows or not np.isfinite(value):
            yield _untold(title, value)
            continue
        value = measured.get(name, value)
        chance = 1 / math.sqrt(np.isfinite(known[:, -windows.current :]).sum())
        alert, warning = (
            window_bound(earlier, rate, independent, chance)
            for rate in (rates.alert, rates.warning)
        )
        yield _check(title, value, alert, warning)


def _check(name: str, value: float, alert: float, warning: float) -> Check:
    severity = Severity.OK
    if value >= alert:
        severity = Severity.ALERT
    elif value >= warning:
        severity = Severity.WARNING
    return Check(name, value, alert, severity)


def _untold(name: str, value: float) -> Check:
    return Check(name, value, np.nan, Severity.OK)
