from datetime import date

import numpy as np
import pytest
from scipy.stats import wasserstein_distance

from canasta.calendar import PublicationCalendar
from canasta.forecast.panel import Floats
from canasta.monitor.drift_windows import (
    LEAST_NORM,
    LEAST_VARIED,
    Windows,
    publications_in,
    scores,
)

WINDOWS = Windows(current=4, reference=10, least=6)


def by_hand(values: Floats, end: int) -> float:
    """Evidently's definition of `wasserstein`, one window at a time."""
    before, last = (part[np.isfinite(part)] for part in (values[:, s] for s in WINDOWS.slices(end)))
    norm = max(float(np.std(before)), LEAST_NORM)
    return float(wasserstein_distance(before, last)) / norm


@pytest.fixture
def values() -> Floats:
    random = np.random.default_rng(1)
    changes = np.round(random.normal(0, 0.5, (40, 30)), 2)
    changes[random.random(changes.shape) < 0.7] = 0.0
    changes[random.random(changes.shape) < 0.1] = np.nan
    changes[:, 22:] += 0.3
    return changes


def test_all_windows_at_once_are_each_alone(values: Floats) -> None:
    found = scores(values, WINDOWS)
    ends = WINDOWS.ends(values.shape[1]).tolist()
    assert ends == list(range(10, 31))
    assert found == pytest.approx([by_hand(values, end) for end in ends], rel=1e-9)


def test_a_reference_with_little_spread_is_normed_as_evidently_does() -> None:
    values = np.zeros((1000, 12))
    values[:LEAST_VARIED, 0] = 0.01
    assert np.std(values[:, :8]) < LEAST_NORM
    values[:, -1] = 1.0
    assert scores(values, WINDOWS)[-1] == pytest.approx(by_hand(values, 12))


@pytest.mark.parametrize("usual", [0.0, 1.0])
def test_what_hardly_ever_moved_has_no_score(usual: float) -> None:
    """Its next move, or the first price that stands still, would be hundreds of norms."""
    values = np.full((1000, 12), usual)
    values[:, -1] = 1.0 - usual
    for varied, known in ((0, False), (LEAST_VARIED - 1, False), (LEAST_VARIED, True)):
        values[:varied, 0] = 1.0 - usual
        assert np.isfinite(scores(values, WINDOWS)[-1]) == known


def test_windows_without_cells_have_no_score(values: Floats) -> None:
    values[:, 20:24] = np.nan
    found = dict(zip(WINDOWS.ends(30).tolist(), scores(values, WINDOWS).tolist(), strict=True))
    assert np.isnan(found.pop(24))
    assert all(np.isfinite(score) for score in found.values())
    assert np.isnan(scores(np.full((3, 12), np.nan), WINDOWS)).all()


def test_a_short_history_has_no_window() -> None:
    assert scores(np.zeros((3, 9)), WINDOWS).size == 0


def test_days_are_counted_in_publications() -> None:
    thrice = PublicationCalendar(frozenset({0, 2, 4}), frozenset({date(2025, 1, 1)}))
    weekly = PublicationCalendar(frozenset({0}), frozenset())
    assert [publications_in(days, thrice) for days in (30, 180, 1)] == [13, 77, 1]
    assert publications_in(30, weekly) == 4
