from collections import Counter
from dataclasses import replace

import numpy as np
import pytest

from canasta.commodity import Commodity
from canasta.errors import TooLittleHistory
from canasta.forecast.panel import Floats, Panel
from canasta.monitor.drift import WINDOW, check_drift, windows_of
from canasta.monitor.verdict import Severity, Verdict
from canasta.parameters import DriftParameters, read_parameters
from tests.drift_faults import FAULTS, Fault, faulty
from tests.drift_power import parts
from tests.panels import simulated_panel

PUBLICATIONS = 190


@pytest.fixture(scope="module")
def panel(milk: Commodity) -> Panel:
    return simulated_panel(milk, PUBLICATIONS)


@pytest.fixture(scope="module")
def parameters() -> DriftParameters:
    return read_parameters().drift


def alerts(verdict: Verdict) -> list[str]:
    return [check.name for check in verdict.checks if check.severity is Severity.ALERT]


def test_an_undisturbed_history_does_not_alarm(panel: Panel, parameters: DriftParameters) -> None:
    verdicts = [check_drift(panel.cut(end), parameters) for end in range(110, PUBLICATIONS + 1)]
    counts = Counter(verdict.severity for verdict in verdicts)
    assert counts[Severity.ALERT] == 0
    assert counts[Severity.WARNING] <= 4
    assert all(np.isfinite(check.threshold) for check in verdicts[-1].checks)


@pytest.mark.parametrize("fault", FAULTS.values(), ids=FAULTS.keys())
@pytest.mark.parametrize("start", [130, 160])
def test_a_fault_alarms_at_its_first_publication(
    panel: Panel, parameters: DriftParameters, fault: Fault, start: int
) -> None:
    assert not alerts(check_drift(panel.cut(start), parameters))
    assert alerts(check_drift(faulty(panel, fault, start).cut(start + 1), parameters))


def test_a_fault_stays_in_the_window_of_the_last_days(
    panel: Panel, parameters: DriftParameters
) -> None:
    """Who looks late still sees it, though the newest publication is as usual."""
    disturbed = faulty(panel, FAULTS["+10 % for 30 days"], 150)
    late = alerts(check_drift(disturbed.cut(158), parameters))
    assert "change-window" in late
    assert all(name.endswith(WINDOW) for name in late)


def test_swapped_labels_are_named(panel: Panel, parameters: DriftParameters) -> None:
    disturbed = faulty(panel, FAULTS["types swapped"], 150)
    for count in (1, 8):
        assert "turned-Tipo" in alerts(check_drift(disturbed.cut(150 + count), parameters))


def test_one_odd_day_long_ago_hides_no_other(panel: Panel, parameters: DriftParameters) -> None:
    odd = faulty(panel, FAULTS["+10 % on the last publication"], 70)
    for fault in FAULTS.values():
        assert alerts(check_drift(faulty(odd, fault, 160).cut(161), parameters))


@pytest.mark.parametrize("publications", [1, 2, 14, 40])
def test_too_little_history_is_no_alarm(
    panel: Panel, parameters: DriftParameters, publications: int
) -> None:
    verdict = check_drift(panel.cut(publications), parameters)
    assert verdict.severity is Severity.OK
    assert all(np.isnan(check.threshold) for check in verdict.checks)
    assert verdict.as_of == panel.dates[publications - 1]


def test_what_can_be_learnt_is_learnt_first(panel: Panel, parameters: DriftParameters) -> None:
    """Numbers of a publication after 40 of them, windows when there are three months of those."""
    known = {
        count: {c.name for c in check_drift(panel.cut(count), parameters).checks if c.threshold > 0}
        for count in (parameters.least_history + 2, 103, 104)
    }
    assert {"changed-share", "mean-change"} <= known[parameters.least_history + 2]
    assert not any(name.endswith(WINDOW) for name in known[103])
    assert sum(name.endswith(WINDOW) for name in known[104]) == 4


def test_an_empty_history_is_an_error(panel: Panel, parameters: DriftParameters) -> None:
    with pytest.raises(TooLittleHistory):
        check_drift(panel.cut(0), parameters)


def steps(kind: str, series: int) -> Floats:
    """Changes from publication to publication, in cents to a peso."""
    random = np.random.default_rng(11)
    moves = random.choice([-1, 1], (series, PUBLICATIONS)) * random.uniform(
        0.05, 0.9, (series, PUBLICATIONS)
    )
    at = np.arange(PUBLICATIONS)
    moved = {"never": at < 0, "always": at >= 0, "every fourth": at % 4 == 0}[kind]
    return np.where(moved, moves, 0.0)


@pytest.mark.parametrize("kind", ["never", "always", "every fourth"])
@pytest.mark.parametrize("series", [1, 2, 10, 60, 120])
def test_a_share_that_is_usual_is_no_alarm_where_it_is_all(
    panel: Panel, parameters: DriftParameters, kind: str, series: int
) -> None:
    prices = np.round(40 + np.cumsum(steps(kind, series), axis=1), 2)
    market = replace(panel, keys=panel.keys[:series], prices=prices)
    for end in range(100, PUBLICATIONS + 1, 3):
        verdict = check_drift(market.cut(end), parameters)
        assert not alerts(verdict), verdict


@pytest.mark.parametrize("size", [1, 4, 8])
def test_a_market_of_few_series_hardly_ever_alarms(
    milk: Commodity, parameters: DriftParameters, size: int
) -> None:
    """One in 500 is asked for; docs/drift.md has the rates of more of them."""
    verdicts = [
        check_drift(market.cut(end), parameters)
        for seed in range(3)
        for market in parts(simulated_panel(milk, PUBLICATIONS, seed), size)
        for end in range(110, PUBLICATIONS + 1, 4)
    ]
    assert sum(verdict.severity is Severity.ALERT for verdict in verdicts) <= 0.01 * len(verdicts)


def test_the_first_cent_in_months_does_not_fill_the_window(
    panel: Panel, parameters: DriftParameters
) -> None:
    prices = np.full((60, PUBLICATIONS), 25.0)
    prices[0, -3:] += 0.01
    market = replace(panel, keys=panel.keys[:60], prices=prices)
    assert not alerts(check_drift(market, parameters))


def test_thresholds_know_nothing_of_what_they_judge(
    panel: Panel, parameters: DriftParameters
) -> None:
    usual = check_drift(panel, parameters)
    prices = panel.prices.copy()
    prices[:, -1] *= 1.5
    odd = check_drift(replace(panel, prices=prices), parameters)
    learnt = [check.threshold for check in usual.checks]
    assert [check.threshold for check in odd.checks] == pytest.approx(learnt, rel=1e-9)
    windows = windows_of(panel, parameters)
    prices = panel.prices.copy()
    prices[:, -windows.current :] = panel.prices[:, -1:]
    frozen = check_drift(replace(panel, prices=prices), parameters)
    for check, before in zip(frozen.checks, usual.checks, strict=True):
        if check.name.endswith(WINDOW):
            assert check.threshold == pytest.approx(before.threshold, rel=1e-9)


def test_scores_that_were_measured_elsewhere_count(
    panel: Panel, parameters: DriftParameters
) -> None:
    verdict = check_drift(panel, parameters, {"change": 99.0})
    assert alerts(verdict) == ["change-window"]
    assert next(c.value for c in verdict.checks if c.name == "change-window") == 99.0


def test_a_new_spelling_of_labels_is_an_alert(panel: Panel, parameters: DriftParameters) -> None:
    """Every series under another name: the old ones are missing, the new ones unseen."""
    renamed = tuple((*key[:2], f"Leche {key[2]}", key[3]) for key in panel.keys)
    past = np.hstack([panel.prices[:, :-1], np.full((len(renamed), 1), np.nan)])
    now = np.hstack([np.full((len(renamed), PUBLICATIONS - 1), np.nan), panel.prices[:, -1:]])
    order = sorted(range(2 * len(renamed)), key=lambda row: (*panel.keys, *renamed)[row])
    keys = tuple((*panel.keys, *renamed)[row] for row in order)
    disturbed = replace(panel, keys=keys, prices=np.vstack([past, now])[order])
    assert {"missing-share", "unseen-share"} <= set(alerts(check_drift(disturbed, parameters)))
