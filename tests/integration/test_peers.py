"""The real libraries in `.venv-peers`, on three series and two origins."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from canasta.commodity import Commodity
from canasta.forecast.evaluation.origins import Window
from canasta.forecast.panel import Panel
from tests.panels import simulated_panel
from tests.peers.exchange import Answer, ask_peers

pytestmark = pytest.mark.slow

WINDOW = Window(first=100, stop=102, refit_every=10)
PEERS = {
    "mlforecast-lightgbm", "mlforecast-regularised",
    "auto-ets", "theta", "ses", "drift", "croston-sba",
}  # fmt: skip


@pytest.fixture(scope="module")
def panel(milk: Commodity) -> Panel:
    """Three series that are quoted throughout."""
    whole = simulated_panel(milk, 110)
    quoted = np.flatnonzero(np.isfinite(whole.prices).all(axis=1))[:3]
    return replace(
        whole, keys=tuple(whole.keys[row] for row in quoted), prices=whole.prices[quoted]
    )


@pytest.fixture(scope="module")
def answer(panel: Panel, tmp_path_factory: pytest.TempPathFactory) -> Answer:
    return ask_peers(tmp_path_factory.mktemp("peers"), panel, WINDOW, seed=1)


def test_every_peer_forecasts_every_series_from_every_origin(answer: Answer) -> None:
    assert set(answer.forecasts) == PEERS
    for made in answer.forecasts.values():
        assert made.mean.shape == (6, 3, 2)
        assert np.isfinite(made.mean).all()
    assert [name for name, made in answer.forecasts.items() if made.is_point] == ["croston-sba"]


def test_drift_is_the_line_through_the_first_and_the_last_price(
    answer: Answer, panel: Panel
) -> None:
    for at, origin in enumerate(WINDOW.origins):
        first, last = panel.prices[:, 0], panel.prices[:, origin]
        for horizon in range(1, 7):
            expected = last + horizon * (last - first) / origin
            made = answer.forecasts["drift"].mean[horizon - 1, :, at]
            np.testing.assert_allclose(made, expected)


def test_croston_is_the_last_price_and_a_steady_change(answer: Answer, panel: Panel) -> None:
    made = answer.forecasts["croston-sba"].mean
    last = panel.prices[:, list(WINDOW.origins)]
    steps = np.arange(1, 7)[:, np.newaxis, np.newaxis]
    np.testing.assert_allclose(made - last, steps * (made[0] - last))


def test_no_peer_sees_what_came_later(answer: Answer, panel: Panel, tmp_path: Path) -> None:
    later = panel.prices.copy()
    later[:, WINDOW.stop :] += 5.0
    again = ask_peers(tmp_path, replace(panel, prices=later), WINDOW, seed=1)
    for name, made in answer.forecasts.items():
        other = again.forecasts[name]
        np.testing.assert_array_equal(made.mean, other.mean, err_msg=name)
        for mine, theirs in ((made.sd, other.sd), (made.quantiles, other.quantiles)):
            if mine is not None and theirs is not None:
                np.testing.assert_array_equal(mine, theirs, err_msg=name)
