import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from canasta.forecast.changes import changes_over
from canasta.forecast.panel import Floats

PRICES = arrays.arrays(
    np.float64,
    st.tuples(st.integers(1, 4), st.integers(1, 9)),
    elements=st.one_of(st.just(np.nan), st.integers(0, 9_000).map(lambda cents: cents / 100)),
)


@given(PRICES, st.integers(1, 10))
def test_changes_run_from_each_publication_to_the_hth_after_it(
    prices: Floats, horizon: int
) -> None:
    found = changes_over(prices, horizon)
    series, count = prices.shape
    for s in range(series):
        for t in range(count):
            if t + horizon >= count or np.isnan(prices[s, [t, t + horizon]]).any():
                assert np.isnan(found[s, t])
            else:
                assert found[s, t] == round(prices[s, t + horizon] - prices[s, t], 2)


def test_equal_changes_are_equal_to_the_bit() -> None:
    """Floating-point differences of 0.1 are not all alike."""
    prices = np.array([[0.1, 0.2, 0.3, 25.4, 25.5, 99.8, 99.9]])
    found = changes_over(prices, 1)[0, [0, 1, 3, 5]]
    assert found.tolist() == [0.1] * 4
    assert len(set(np.diff(prices)[0, [0, 1, 3, 5]].tolist())) > 1
