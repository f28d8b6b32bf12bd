"""A lake whose past was corrected: the back-test sees each correction when it was first seen."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import numpy as np
import pytest

from canasta.commodity import Commodity
from canasta.forecast.evaluation.backtest import Backtest, run
from canasta.forecast.evaluation.origins import Window, last_window
from canasta.forecast.evaluation.vintages import Vintages, read_vintages
from canasta.forecast.history import read_panel
from canasta.forecast.outlook import HORIZONS, forecast
from canasta.forecast.recipe import XGBOOST, Recipe
from canasta.forecast.training import Trainer
from canasta.ingest.block import Block
from canasta.ingest.identity import SourceKind
from canasta.ingest.intake import ingest
from canasta.ingest.lake import Lake, open_lake
from canasta.parameters import read_parameters
from canasta.store import store_for
from simulate_publication import publish_files, simulate, true_averages

PARAMETERS = read_parameters()
SEED = 4
HEAD = {"n_estimators": 15, "max_depth": 3, "eta": 0.1}
RECIPE = Recipe(XGBOOST, dict.fromkeys(("change", "up", "size", "mean"), HEAD))
CORRECTED, SEEN, LISTED, LAST = 76, 80, 84, 90
"""Publications: which is corrected, which file shows it first, when a city appears, the last."""


def told(block: Block, milk: Commodity, number: int) -> Block:
    """The block as the files from number SEEN on state it."""
    prices = dict(block.prices)
    if number == CORRECTED:
        quoted = [key for key, price in prices.items() if price]
        prices |= {key: round((prices[key] or 0.0) + 0.7, 2) for key in quoted[:30]}
    if number >= LISTED:
        for key in [key for key in prices if key[1] == "Toluca"]:
            prices["Edo. México", "Ecatepec", *key[2:]] = prices[key]
    return Block(block.date, prices, true_averages(prices, milk))


@pytest.fixture(scope="module")
def lake(milk: Commodity, tmp_path_factory: pytest.TempPathFactory) -> Lake:
    folder = tmp_path_factory.mktemp("corrected")
    blocks = simulate(milk, 3, date(2024, 12, 31))[:LAST]
    found = open_lake(store_for(str(folder / "lake")), milk, SourceKind.SNIIM)
    for count in (SEEN - 1, SEEN, LAST):
        stated = blocks[:count]
        if count >= SEEN:
            stated = [told(block, milk, number) for number, block in enumerate(stated)]
        published = folder / f"published-{count}"
        publish_files(published, stated, milk)
        ingest(found, published.as_uri(), stated[-1].date, PARAMETERS.quality)
    return found


@pytest.fixture(scope="module")
def vintages(lake: Lake, milk: Commodity) -> Vintages:
    return read_vintages(lake, milk, date(2024, 12, 31), PARAMETERS.fit, SEED, HORIZONS)


@pytest.fixture(scope="module")
def window(vintages: Vintages) -> Window:
    return last_window(vintages.newest.panel, 20, 60, 5)


@pytest.fixture(scope="module")
def backtest(vintages: Vintages, window: Window) -> Backtest:
    slices = ("all",) * len(vintages.newest.panel.keys)
    return run(vintages, {XGBOOST: RECIPE}, window, slices)


def test_the_history_was_rewritten_when_it_was(lake: Lake, vintages: Vintages) -> None:
    dates = vintages.newest.panel.dates
    assert lake.rewritten(date(2024, 12, 31)) == (dates[SEEN - 1], dates[LISTED])
    assert lake.rewritten(dates[SEEN - 2]) == ()


def test_each_origin_rests_on_what_the_lake_said_then(
    lake: Lake, milk: Commodity, vintages: Vintages, window: Window, backtest: Backtest
) -> None:
    """Cut the lake at each origin, forecast anew: the back-test's numbers, bit for bit."""
    newest, made = vintages.newest.panel, backtest.scored[XGBOOST]
    for refit in window.refits:
        known = read_panel(lake, milk, newest.dates[refit])
        fitted = Trainer.of(known, PARAMETERS.fit, SEED).fit(RECIPE, refit)
        for origin in window.served(refit):
            panel = read_panel(lake, milk, newest.dates[origin])
            assert len(panel.dates) == origin + 1
            anew = forecast(fitted.predictor, panel, panel.origin)
            last = backtest.last[:, origin - window.first]
            scored = [row for row, price in enumerate(last) if np.isfinite(price)]
            assert len(scored) > 150
            rows = [panel.keys.index(newest.keys[row]) for row in scored]
            for changes, prices in (
                (made.mean, anew.mean),
                (made.median, anew.median),
                (made.low_95, anew.interval(0.95)[0]),
                (made.high_80, anew.interval(0.80)[1]),
            ):
                forecasts = last[scored] + changes[:, scored, origin - window.first]
                assert np.array_equal(forecasts, prices[rows].T)
            given = made.p_change[:, scored, origin - window.first]
            np.testing.assert_allclose(given, anew.p_change[rows].T, rtol=1e-12)


def test_a_panel_as_known_today_would_have_told_it_early(
    vintages: Vintages, window: Window, backtest: Backtest
) -> None:
    """The same back-test without vintages differs: the test above can fail."""
    blind = run(Vintages.unrevised(vintages.newest), {XGBOOST: RECIPE}, window, backtest.slices)
    before = slice(CORRECTED - window.first, SEEN - 1 - window.first)
    early, then = (one.scored[XGBOOST].mean[..., before] for one in (blind, backtest))
    for horizon in backtest.horizons:
        assert not np.array_equal(early[horizon - 1], then[horizon - 1], equal_nan=True)


def test_what_came_is_scored_as_it_is_known_now(
    vintages: Vintages, window: Window, backtest: Backtest
) -> None:
    now = vintages.newest.panel.prices
    at = CORRECTED - window.first
    for horizon in backtest.horizons:
        came = backtest.changes[horizon - 1, :, at - horizon]
        known = np.isfinite(came)
        assert known.sum() > 150
        expected = now[:, CORRECTED] - now[:, CORRECTED - horizon]
        assert came[known] == pytest.approx(expected[known], abs=1e-9)
    then = backtest.last[:, at]
    assert (then[known] != now[known, CORRECTED]).sum() == 30
    for horizon in backtest.horizons:
        moved = backtest.changes[horizon - 1, :, at]
        expected = now[:, CORRECTED + horizon] - then
        known = np.isfinite(moved)
        assert moved[known] == pytest.approx(expected[known], abs=1e-9), "from what was known then"


def test_vintages_of_a_history_that_was_never_rewritten(vintages: Vintages) -> None:
    newest = replace(vintages.newest, seed=9)
    assert Vintages.unrevised(newest).at(70) is newest
