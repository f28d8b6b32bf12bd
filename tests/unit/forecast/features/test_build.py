from dataclasses import replace
from datetime import timedelta
from itertools import islice

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from canasta.forecast.features.build import Features, at_origin, build, build_all, state_of
from canasta.forecast.panel import Panel

HORIZONS = 6


def test_values_are_finite_float32_and_names_unique(features: Features, panel: Panel) -> None:
    assert features.values.dtype == np.float32
    assert features.values.shape == (*panel.prices.shape, len(features.names))
    assert np.isfinite(features.values).all()
    assert len(set(features.names)) == len(features.names)


@pytest.mark.parametrize("count", [1, 2, 7, 20, 61, 129])
def test_cut_panel_gives_the_same_bits(panel: Panel, features: Features, count: int) -> None:
    assert np.array_equal(build(panel.cut(count)).values, features.values[:, :count])


@pytest.mark.parametrize("count", [1, 2, 20, 77, 130])
def test_one_row_gives_the_bits_of_the_panel(panel: Panel, features: Features, count: int) -> None:
    cut = panel.cut(count)
    state = state_of(cut)
    rows = [at_origin(state, series, cut.prices[series]) for series in range(len(cut.keys))]
    assert np.array_equal(np.array(rows), features.values[:, count - 1])


@pytest.mark.real_data
@pytest.mark.parametrize("count", [30, 106, 195])
def test_one_row_gives_the_bits_of_the_real_panel(real_history: Panel, count: int) -> None:
    cut = real_history.cut(count)
    state, whole = state_of(cut), build(real_history).values[:, count - 1]
    rows = [at_origin(state, series, cut.prices[series]) for series in range(len(cut.keys))]
    assert np.array_equal(np.array(rows), whole)


@pytest.mark.real_data
@pytest.mark.slow
def test_one_row_gives_the_bits_of_every_real_origin(real_history: Panel) -> None:
    whole = build(real_history).values
    for count in range(1, len(real_history.dates) + 1):
        cut = real_history.cut(count)
        state = state_of(cut)
        rows = [at_origin(state, series, cut.prices[series]) for series in range(len(cut.keys))]
        assert np.array_equal(np.array(rows), whole[:, count - 1])


@pytest.fixture(scope="module")
def by_horizon(panel: Panel) -> tuple[Features, ...]:
    return build_all(panel, HORIZONS)


def test_horizon_1_is_what_build_gives(
    features: Features, by_horizon: tuple[Features, ...]
) -> None:
    assert by_horizon[0].names == features.names
    assert np.array_equal(by_horizon[0].values, features.values)


def test_horizons_share_where_prices_stand_and_differ_in_what_they_aim_at(
    by_horizon: tuple[Features, ...],
) -> None:
    near, far = by_horizon[1], by_horizon[5]
    assert near.names == far.names
    assert set(by_horizon[0].names) < set(far.names)
    for place, name in enumerate(far.names):
        aimed = "weekday" in name or "ahead" in name or name in {"gap", "any_rate"}
        same = np.array_equal(near.values[..., place], far.values[..., place])
        assert same != aimed, name


@pytest.mark.parametrize("count", [1, 2, 7, 20, 129])
def test_cut_panel_gives_the_same_bits_at_every_horizon(
    panel: Panel, by_horizon: tuple[Features, ...], count: int
) -> None:
    for cut, whole in zip(build_all(panel.cut(count), HORIZONS), by_horizon, strict=True):
        assert np.isfinite(cut.values).all()
        assert np.array_equal(cut.values, whole.values[:, :count])


@pytest.mark.parametrize("count", [1, 5, 77, 130])
def test_one_row_gives_the_bits_of_the_panel_at_every_horizon(
    panel: Panel, by_horizon: tuple[Features, ...], count: int
) -> None:
    cut = panel.cut(count)
    state, some = state_of(cut, HORIZONS), range(0, len(cut.keys), 9)
    for horizon, whole in enumerate(by_horizon, start=1):
        rows = [at_origin(state, s, cut.prices[s], horizon=horizon) for s in some]
        assert np.array_equal(np.array(rows), whole.values[some, count - 1])


@pytest.mark.real_data
@pytest.mark.parametrize("count", [30, 195])
def test_one_row_gives_the_bits_of_the_real_panel_at_every_horizon(
    real_history: Panel, count: int
) -> None:
    cut = real_history.cut(count)
    state, everyone = state_of(cut, HORIZONS), range(len(cut.keys))
    for horizon, whole in enumerate(build_all(real_history, HORIZONS), start=1):
        rows = [at_origin(state, s, cut.prices[s], horizon=horizon) for s in everyone]
        assert np.array_equal(np.array(rows), whole.values[:, count - 1])


def test_given_targets_are_those_of_one_row(panel: Panel) -> None:
    """After a publication that never came, every horizon aims one date later."""
    later = list(islice(panel.calendar.expected_after(panel.origin), HORIZONS + 1))[1:]
    state, whole = state_of(panel, HORIZONS, later), build_all(panel, HORIZONS, later)
    for horizon in (1, 2, HORIZONS):
        row = at_origin(state, 7, panel.prices[7], horizon=horizon)
        assert np.array_equal(row, whole[horizon - 1].values[7, -1])
        gap = row[whole[horizon - 1].names.index("gap")]
        assert gap == (later[horizon - 1] - panel.origin).days
    asked = at_origin(state_of(panel, HORIZONS), 7, panel.prices[7], later[0])
    assert np.array_equal(asked, whole[0].values[7, -1])


def test_a_horizon_that_was_not_prepared_is_refused(panel: Panel) -> None:
    state = state_of(panel, 2)
    for horizon in (0, 3):
        with pytest.raises(ValueError, match=f"horizon {horizon} is not among"):
            at_origin(state, 0, panel.prices[0], horizon=horizon)


@settings(max_examples=10)
@given(data=st.data())
def test_prices_changed_at_t_leave_every_horizon_before_t_alone(
    panel: Panel, by_horizon: tuple[Features, ...], data: st.DataObject
) -> None:
    column = data.draw(st.integers(1, len(panel.dates) - 1))
    prices = panel.prices.copy()
    prices[::3, column:] = data.draw(st.sampled_from([np.nan, 12.5, 39.9]))
    changed = build_all(replace(panel, prices=prices), HORIZONS)
    for after, before in zip(changed, by_horizon, strict=True):
        assert np.array_equal(after.values[:, :column], before.values[:, :column])


@settings(max_examples=25)
@given(data=st.data())
def test_prices_changed_at_t_leave_features_before_t_alone(
    panel: Panel, features: Features, data: st.DataObject
) -> None:
    column = data.draw(st.integers(1, len(panel.dates) - 1))
    series = data.draw(st.lists(st.integers(0, len(panel.keys) - 1), min_size=1, max_size=20))
    prices = panel.prices.copy()
    prices[series, column:] = data.draw(st.sampled_from([np.nan, 12.5, 39.9]))
    changed = build(replace(panel, prices=prices)).values
    assert np.array_equal(changed[:, :column], features.values[:, :column])


def test_prices_changed_at_t_do_change_features_at_t(panel: Panel, features: Features) -> None:
    prices = panel.prices.copy()
    series = int(np.flatnonzero(panel.live)[0])
    prices[series, 60] += 1.0
    changed = build(replace(panel, prices=prices)).values[series, 60]
    assert (changed != features.values[series, 60]).any()


def test_a_target_date_sets_weekday_and_gap_and_weekday_rates_only(panel: Panel) -> None:
    state, names = state_of(panel), build(panel).names
    series = int(np.flatnonzero(panel.live)[0])
    expected = at_origin(state, series, panel.prices[series])
    target = panel.origin + timedelta(days=11)
    moved = at_origin(state, series, panel.prices[series], target)
    differing = {name for name, a, b in zip(names, expected, moved, strict=True) if a != b}
    assert {"weekday", "gap"} <= differing | {"weekday"}
    assert differing <= {"weekday", "gap"} | {name for name in names if "weekday" in name}
    assert moved[names.index("gap")] == 11
    assert moved[names.index("weekday")] == target.weekday()


def test_a_given_price_enters_the_market_of_the_day(panel: Panel) -> None:
    """What-if: the same numbers as a panel in which that price was published."""
    series = int(np.flatnonzero(panel.live)[3])
    prices = panel.prices.copy()
    prices[series, -1] += 0.5
    published = build(replace(panel, prices=prices))
    asked = at_origin(state_of(panel), series, prices[series])
    learnt = ("rate", "hazard", "size", "slope", "reversion", "weekday")
    for name, a, b in zip(published.names, asked, published.values[series, -1], strict=True):
        if not any(word in name for word in learnt):
            assert a == b, name


def test_twins_differ_in_one_label(panel: Panel, features: Features) -> None:
    names = features.names
    for series, key in enumerate(panel.keys):
        for column in panel.product:
            position = panel.columns.index(column)
            twin = next(
                number
                for number, other in enumerate(panel.keys)
                if number != series
                and other[:position] + other[position + 1 :] == key[:position] + key[position + 1 :]
            )
            age = features.values[series, :, names.index(f"{column.lower()}_age")]
            assert np.array_equal(age, features.values[twin, :, names.index("age")])
