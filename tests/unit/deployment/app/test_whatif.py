"""What-ifs: beside the forecast where nothing is supposed, and their prices by themselves."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from canasta.forecast.panel import Floats
from deployment.app.live import Live
from deployment.app.whatif import Supposed, supposed_prices, what_if
from tests.unit.deployment.serve import SELDOM

WITHOUT = frozenset({"what_if"})


@pytest.mark.parametrize("which", ["live", "persistent"])
def test_supposing_the_last_price_as_it_is_gives_the_forecast(
    which: str, request: pytest.FixtureRequest
) -> None:
    live: Live = request.getfixturevalue(which)
    rows = [row for row, is_live in enumerate(live.forecast) if is_live]
    unquoted = [row for row in rows if np.isnan(live.panel.prices[row, -1])]
    for row in [*rows[::12], *unquoted[:3]]:
        last = float(live.panel.filled[row, -1])
        answer = what_if(live, row, Supposed(last), live.targets[0])
        assert answer == {**live.answers[row][0], "what_if": True}


def test_another_last_price_moves_the_forecast_with_it(live: Live) -> None:
    answer = what_if(live, 0, Supposed(40.0), live.targets[0])
    assert abs(answer["predicted_price"] - 40.0) < 2
    assert answer["interval_95"][0] <= answer["predicted_price"] <= answer["interval_95"][1]


def test_recent_mean_and_date_reach_the_trees(live: Live) -> None:
    last = float(live.panel.filled[0, -1])
    plain = what_if(live, 0, Supposed(last), live.targets[0])
    assert what_if(live, 0, Supposed(last, last - 3), live.targets[0]) != plain
    other = what_if(live, 0, Supposed(last), live.targets[1])
    assert (other["fecha"], other["horizonte"]) == (live.targets[1].isoformat(), 1)


@given(
    prices=st.lists(st.one_of(st.just(np.nan), st.floats(8, 80)), min_size=1, max_size=30).filter(
        lambda prices: np.isfinite(prices).any()
    ),
    last=st.floats(8, 80),
    recent=st.none() | st.floats(8, 80),
)
def test_supposed_prices_are_the_shift_that_is_described(
    prices: list[float], last: float, recent: float | None
) -> None:
    given: Floats = np.array(prices)
    supposed = supposed_prices(given, Supposed(last, recent))
    quotes = [at for at, price in enumerate(prices) if np.isfinite(price)]
    seven, earlier = quotes[-7:], quotes[:-7]
    assert supposed[seven[-1]] == last
    assert np.array_equal(np.isnan(supposed), np.isnan(given))
    assert [supposed[at] for at in earlier] == [prices[at] for at in earlier]
    moved = [supposed[at] - prices[at] for at in seven[:-1]]
    if recent is None:
        assert not any(moved)
    elif moved:
        assert np.ptp(moved) < 1e-9
        assert np.mean([supposed[at] for at in seven]) == pytest.approx(recent)


def test_panel_is_left_as_it_was(live: Live) -> None:
    before = live.panel.prices.copy()
    what_if(live, 0, Supposed(20.0, 25.0), live.targets[0])
    assert np.array_equal(before, live.panel.prices, equal_nan=True)


def test_series_that_is_not_live_has_no_answer(live: Live) -> None:
    assert live.answers[live.panel.keys.index(SELDOM)] == ()
