"""A small back-test of persistence, and forecasts of it as a peer would write them."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from canasta.commodity import Commodity
from canasta.forecast.evaluation.backtest import Backtest, run
from canasta.forecast.evaluation.origins import Window
from canasta.forecast.evaluation.vintages import Vintages
from canasta.forecast.panel import Floats, Panel
from canasta.forecast.training import Trainer
from canasta.parameters import read_parameters
from tests.panels import simulated_panel
from tests.peers import layout

SERIES = 12
WINDOW = Window(first=60, stop=68, refit_every=3)

type Write = Callable[..., Path]


@pytest.fixture(scope="session")
def few(milk: Commodity) -> Panel:
    """Twelve series of a simulated history, some prices not quoted."""
    whole = simulated_panel(milk, 72)
    prices = whole.prices[:SERIES].copy()
    prices[np.random.default_rng(1).random(prices.shape) < 0.05] = np.nan
    return replace(whole, keys=whole.keys[:SERIES], prices=prices)


@pytest.fixture(scope="session")
def persistence(few: Panel, milk: Commodity) -> Backtest:
    """The last price on WINDOW, over all horizons."""
    trainer = Trainer.of(few, read_parameters().fit, seed=1)
    return run(Vintages.unrevised(trainer), {}, WINDOW, tuple(map(milk.slice_of, few.keys)))


@pytest.fixture
def drawn(persistence: Backtest) -> Floats:
    """(H, S, N): prices around the last ones, drawn at random."""
    draws = np.random.default_rng(2)
    noise = draws.normal(0.0, 0.4, persistence.changes.shape)
    return np.nan_to_num(persistence.last, nan=25.0) + noise


@pytest.fixture
def write(tmp_path: Path, few: Panel) -> Write:
    """Write (H, S, N) forecasts as peer `somebody`, in an order of its own."""

    def written(mean: Floats, sd: Floats | None = None, quantiles: Floats | None = None) -> Path:
        order = np.random.default_rng(3).permutation(mean.size)
        horizon, series, origin = (at[order] for at in np.indices(mean.shape).reshape(3, -1))
        dates = few.dates[WINDOW.first : WINDOW.stop]
        columns = {
            "peer": ["somebody"] * mean.size,
            "origin": [dates[at] for at in origin],
            "series": series,
            "horizon": horizon + 1,
            "mean": mean[horizon, series, origin],
            "sd": pa.nulls(mean.size, pa.float64()) if sd is None else sd[horizon, series, origin],
            "quantiles": pa.nulls(mean.size, pa.list_(pa.float64()))
            if quantiles is None
            else list(quantiles[horizon, series, origin]),
        }
        path = tmp_path / "somebody.parquet"
        pq.write_table(pa.table({name: columns[name] for name in layout.COLUMNS}), path)
        return path

    return written
