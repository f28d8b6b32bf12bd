from datetime import date
from itertools import pairwise

import numpy as np
import pytest

from canasta.forecast.distribution import Distribution
from canasta.forecast.outlook import HORIZONS, LEVELS, Outlook, outlook_of
from tests.outlooks import drawn_changes

ORIGIN = date(2025, 8, 1)
TARGETS = (date(2025, 8, 6), date(2025, 8, 8))
SKIPPED = (date(2025, 8, 4),)
LAST = np.array([27.0, np.nan, 30.2])


@pytest.fixture(scope="module")
def changes() -> list[Distribution]:
    draws = np.random.default_rng(5)
    return [drawn_changes(draws, np.array(rates)) for rates in ([0.2, 0.5, 0.02], [0.4, 0.7, 0.9])]


@pytest.fixture(scope="module")
def outlook(changes: list[Distribution]) -> Outlook:
    return outlook_of(ORIGIN, TARGETS, SKIPPED, LAST, changes)


def test_sixty_one_levels_ascend_evenly_about_the_median() -> None:
    assert len(LEVELS) == 61
    assert LEVELS[30] == 0.5
    assert all(low < high for low, high in pairwise(LEVELS))
    mirrored = [1 - level for level in reversed(LEVELS)]
    assert pytest.approx(mirrored) == LEVELS
    assert {0.025, 0.1, 0.9, 0.975} < set(LEVELS)
    assert HORIZONS == 6


def test_forecasts_are_last_prices_and_changes_cell_by_cell(
    outlook: Outlook, changes: list[Distribution]
) -> None:
    """Against a plain walk over the atoms of one change after the other."""
    for series in (0, 2):
        for horizon, change in enumerate(changes):
            pairs = list(zip(change.atoms[series], change.weights[series], strict=True))
            cell = (series, horizon)
            mean = sum(atom * weight for atom, weight in pairs)
            assert outlook.mean[cell] == pytest.approx(LAST[series] + mean)
            up = sum(weight for atom, weight in pairs if atom > 0)
            down = sum(weight for atom, weight in pairs if atom < 0)
            assert outlook.p_up[cell] == pytest.approx(up)
            assert outlook.p_down[cell] == pytest.approx(down)
            assert outlook.p_change[cell] == pytest.approx(up + down)
            for level, price in zip(LEVELS, outlook.quantiles[cell], strict=True):
                assert price == LAST[series] + _quantile(pairs, level)


def _quantile(pairs: list[tuple[float, float]], level: float) -> float:
    reached = 0.0
    for atom, weight in pairs:
        reached += weight
        if reached >= level - 1e-9:
            return atom
    return pairs[-1][0]


def test_median_and_ranges_are_the_quantiles_that_they_name(outlook: Outlook) -> None:
    at = {level: outlook.quantiles[:, :, LEVELS.index(level)] for level in LEVELS}
    np.testing.assert_array_equal(outlook.median, at[0.5])
    for share, ends in ((0.80, (0.1, 0.9)), (0.95, (0.025, 0.975))):
        for found, level in zip(outlook.interval(share), ends, strict=True):
            np.testing.assert_array_equal(found, at[level])


def test_a_series_without_a_last_price_has_no_forecast(outlook: Outlook) -> None:
    for values in (outlook.mean, outlook.p_up, outlook.p_down, outlook.p_change, outlook.median):
        assert np.isnan(values[1]).all()
        assert np.isfinite(values[[0, 2]]).all()
    assert np.isnan(outlook.quantiles[1]).all()


def test_dates_pass_through(outlook: Outlook) -> None:
    assert (outlook.origin, outlook.targets, outlook.skipped) == (ORIGIN, TARGETS, SKIPPED)
    assert outlook.quantiles.shape == (3, 2, 61)


def test_a_price_that_stays_for_sure_has_ranges_of_no_width() -> None:
    still = outlook_of(ORIGIN, TARGETS[:1], (), LAST, [Distribution.certain(np.zeros(3))])
    for share in (0.80, 0.95):
        for end in still.interval(share):
            np.testing.assert_array_equal(end[:, 0], LAST)
    assert still.p_change[0, 0] == 0


@pytest.mark.parametrize("share", [0.5, 0.7])
def test_a_range_whose_ends_are_no_levels_is_refused(outlook: Outlook, share: float) -> None:
    with pytest.raises(ValueError, match="not in tuple"):
        outlook.interval(share)
