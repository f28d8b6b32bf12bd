from dataclasses import fields, replace
from datetime import date

import numpy as np
import pytest

from canasta.commodity import Commodity
from canasta.errors import TooLittleHistory
from canasta.forecast.empirical import Empirical
from canasta.forecast.evaluation.backtest import Backtest, run
from canasta.forecast.evaluation.origins import Window, last_window
from canasta.forecast.evaluation.vintages import Vintages
from canasta.forecast.features.build import build_all
from canasta.forecast.panel import MIN_QUOTES, Floats, Panel
from canasta.forecast.recipe import PERSISTENCE, RANDOM_FOREST, XGBOOST, Recipe
from canasta.forecast.training import Trainer
from canasta.parameters import Parameters

QUICK = {
    RANDOM_FOREST: {
        "n_estimators": 8,
        "max_depth": 5,
        "min_samples_leaf": 20,
        "max_features": 0.2,
        "max_samples": 0.3,
    },
    XGBOOST: {"n_estimators": 12, "max_depth": 3, "eta": 0.1, "min_child_weight": 20.0},
}
RECIPES = {
    algorithm: Recipe(algorithm, dict.fromkeys(("change", "up", "size", "mean"), params))
    for algorithm, params in QUICK.items()
}
FOREST = RECIPES[RANDOM_FOREST]
AHEAD = 2
"""Horizons that are evaluated here."""
SEED = 5


def back_test(panel: Panel, milk: Commodity, parameters: Parameters) -> Backtest:
    return run(
        Vintages.unrevised(Trainer.of(panel, parameters.fit, SEED, AHEAD)),
        RECIPES,
        last_window(panel, origins=40, training=60, refit_every=10),
        tuple(milk.slice_of(key) for key in panel.keys),
    )


@pytest.fixture(scope="module")
def result(panel: Panel, milk: Commodity, parameters: Parameters) -> Backtest:
    return back_test(panel, milk, parameters)


def refit_of(window: Window, origin: int) -> int:
    return next(refit for refit in window.refits if origin in window.served(refit))


def forecast_anew(
    panel: Panel, recipe: Recipe, window: Window, origin: int, parameters: Parameters
) -> Floats:
    """Forecast as someone would who had nothing but the publications up to `origin`: (2, S)."""
    known = panel.cut(origin + 1)
    trainer = Trainer.of(known, parameters.fit, SEED, AHEAD)
    predictor = trainer.fit(recipe, refit_of(window, origin)).predictor
    features = build_all(known, AHEAD)
    return np.stack(
        [predictor.changes(known, features, origin, horizon).mean for horizon in (1, AHEAD)]
    )


@pytest.mark.parametrize("name", sorted(RECIPES))
def test_cutting_the_history_gives_the_same_bits(
    panel: Panel, result: Backtest, parameters: Parameters, name: str
) -> None:
    window = last_window(panel, origins=40, training=60, refit_every=10)
    for origin in [*range(window.first, window.stop, 5), window.stop - 1]:
        anew = forecast_anew(panel, RECIPES[name], window, origin, parameters)
        at = origin - window.first
        scored = np.isfinite(result.changes[0, :, at])
        assert scored.sum() > 150
        assert np.array_equal(anew[:, scored], result.scored[name].mean[:, scored, at])


def test_no_score_comes_from_a_fit_that_knew_its_future(result: Backtest, panel: Panel) -> None:
    """The newest target that a fit learnt lies on or before the first origin that it serves."""
    window = last_window(panel, origins=40, training=60, refit_every=10)
    fits = {(fit.name, fit.column): fit for fit in result.fits}
    assert fits.keys() == {(name, refit) for name in result.recipes for refit in window.refits}
    assert [o for refit in window.refits for o in window.served(refit)] == list(window.origins)
    for (name, refit), fit in fits.items():
        if name == PERSISTENCE:
            assert fit.newest_target is None
        else:
            assert fit.newest_target == panel.dates[refit], "all it may know, and no more"


def test_prices_after_an_origin_change_no_forecast_from_it(
    panel: Panel, result: Backtest, milk: Commodity, parameters: Parameters
) -> None:
    """The forecasts are compared themselves: a fit that reached further would move them."""
    window = last_window(panel, origins=40, training=60, refit_every=10)
    cut = window.refits[2]
    prices = panel.prices.copy()
    prices[:, cut + 1 :] = np.random.default_rng(1).uniform(15, 40, prices[:, cut + 1 :].shape)
    other = replace(panel, prices=prices)
    changed = back_test(other, milk, parameters)
    upto = cut - window.first + 1
    for name in RECIPES:
        ours, theirs = changed.scored[name], result.scored[name]
        for made in ("mean", "p_change", "low_95", "high_80"):
            before, after = (getattr(one, made) for one in (theirs, ours))
            assert np.array_equal(after[..., :upto], before[..., :upto], equal_nan=True)
            assert not np.array_equal(after[..., upto:], before[..., upto:], equal_nan=True)


def test_persistence_is_the_reference_of_distributions(result: Backtest, panel: Panel) -> None:
    metrics = result.metrics(PERSISTENCE)
    assert metrics["crps_skill"] == 0.0
    assert metrics["winkler_ratio_95"] == 1.0
    assert abs(metrics["rmse_skill"]) < 1
    steps = np.diff(panel.prices, axis=1)[:, -40:]
    assert metrics["mae"] == pytest.approx(float(np.nanmean(np.abs(steps))), rel=0.01)


def test_scores_are_those_of_the_distributions(result: Backtest, panel: Panel) -> None:
    window = last_window(panel, origins=40, training=60, refit_every=10)
    for horizon in (1, AHEAD):
        for origin in (window.first, window.first + 17):
            came = result.changes[horizon - 1][:, origin - window.first]
            made = Empirical.of(panel, horizon, 20.0).at(origin).crps(came)
            kept = result.crps(PERSISTENCE, horizon=horizon)[:, origin - window.first]
            assert np.array_equal(made, kept, equal_nan=True)


def test_only_quoted_pairs_are_scored(result: Backtest, panel: Panel) -> None:
    window = last_window(panel, origins=40, training=60, refit_every=10)
    quoted = np.isfinite(panel.prices)
    both = quoted[:, window.first : window.stop] & quoted[:, window.first + 1 : window.stop + 1]
    assert np.array_equal(np.isfinite(result.mean_error(XGBOOST)), both)
    assert np.array_equal(np.isfinite(result.crps(XGBOOST)), both)
    farther = quoted[:, window.first : window.stop - 1] & quoted[:, window.first + AHEAD :]
    found = np.isfinite(result.crps(XGBOOST, horizon=AHEAD))
    assert np.array_equal(found[:, :-1], farther)
    assert not found[:, -1].any(), "its target is to come"


def test_a_new_series_is_scored_from_the_origin_that_would_forecast_it(
    panel: Panel, milk: Commodity, parameters: Parameters
) -> None:
    window = last_window(panel, origins=40, training=60, refit_every=10)
    new, first_quote = int(np.flatnonzero(panel.live)[0]), window.first - 10
    prices = panel.prices.copy()
    prices[new, :first_quote] = np.nan
    younger = replace(panel, prices=prices)
    result = back_test(younger, milk, parameters)
    quoted = np.isfinite(prices[new])
    expected = [
        quoted[: origin + 1].sum() >= MIN_QUOTES and quoted[origin] and quoted[origin + 1]
        for origin in window.origins
    ]
    for name in (PERSISTENCE, XGBOOST):
        assert np.isfinite(result.crps(name)[new]).tolist() == expected
    assert 0 < sum(expected) < 25
    for origin in (window.first, window.first + 15, window.stop - 1):
        anew = forecast_anew(younger, FOREST, window, origin, parameters)
        made = result.scored[RANDOM_FOREST].mean[..., origin - window.first]
        assert np.array_equal(anew, made)


def test_slices_are_the_parts_of_the_whole(result: Backtest) -> None:
    whole = np.nansum(result.crps(XGBOOST))
    parts = sum(np.nansum(result.crps(XGBOOST, part)) for part in result.parts)
    assert parts == pytest.approx(whole)
    assert len(result.parts) == 4 * 5


def test_dates_of_the_result(result: Backtest, panel: Panel) -> None:
    assert result.targets == panel.dates[-40:]


def test_window_leaves_enough_for_training(panel: Panel) -> None:
    assert last_window(panel, 90, 60, 10).origins == range(60, 129)
    assert last_window(panel, 20, 60, 10).origins == range(109, 129)
    with pytest.raises(TooLittleHistory, match="60 publications for training"):
        last_window(panel.cut(61), 90, 60, 10)


def test_window_of_dates_bounds_targets(panel: Panel) -> None:
    window = last_window(panel, 90, 60, 10)
    bounded = window.bounded(panel, panel.dates[80], panel.dates[99])
    assert bounded.origins == range(79, 99)
    assert window.bounded(panel, None, None) == window
    with pytest.raises(TooLittleHistory, match="No publication can be evaluated"):
        window.bounded(panel, date(2030, 1, 1), None)


def test_same_seed_gives_the_same_bits(
    panel: Panel, result: Backtest, milk: Commodity, parameters: Parameters
) -> None:
    again = back_test(panel, milk, parameters)
    for name, made in result.scored.items():
        for field in fields(made):
            ours, theirs = (getattr(one, field.name) for one in (again.scored[name], made))
            assert np.array_equal(ours, theirs, equal_nan=True)


def test_targets_after_the_window_are_not_scored(
    panel: Panel, milk: Commodity, parameters: Parameters
) -> None:
    vintages = Vintages.unrevised(Trainer.of(panel, parameters.fit, SEED, AHEAD))
    slices = tuple(milk.slice_of(key) for key in panel.keys)
    bounded = run(vintages, {}, Window(80, 90, 10), slices)
    assert np.isfinite(bounded.changes[0, :, -1]).any(), "the last target of horizon 1"
    assert np.isfinite(bounded.changes[1, :, -2]).any(), "the same target, two publications ahead"
    assert np.isnan(bounded.changes[1, :, -1]).all(), "it lies after the window's last target"


def test_price_that_was_corrected_later_is_scored_from_what_was_known(
    panel: Panel, milk: Commodity, parameters: Parameters
) -> None:
    """The origin said 10 more than is known now; the target came as it is known now."""
    origin, window = 85, Window(80, 90, 10)
    mistaken = panel.prices.copy()
    mistaken[:, origin] += 10
    then = replace(panel, prices=mistaken)
    newest = Trainer.of(panel, parameters.fit, SEED, AHEAD)
    vintages = Vintages(newest, (panel.dates[origin + 1],), lambda _: then)
    slices = tuple(milk.slice_of(key) for key in panel.keys)
    found = run(vintages, {}, window, slices)
    at = origin - window.first
    scored = np.isfinite(found.changes[0, :, at])
    assert scored.sum() > 150
    came = found.last[:, at] + found.changes[0, :, at]
    assert came[scored] == pytest.approx(panel.prices[scored, origin + 1])
    assert found.changes[0, scored, at] == pytest.approx(
        (panel.prices[:, origin + 1] - mistaken[:, origin])[scored]
    )
