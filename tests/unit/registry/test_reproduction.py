"""Which history a version rests on, and what is equal when it is fitted again."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from canasta.commodity import Commodity
from canasta.errors import NotReproducible
from canasta.forecast.history import read_panel
from canasta.forecast.outlook import forecast
from canasta.forecast.panel import Panel
from canasta.forecast.predictor import Predictor
from canasta.forecast.recipe import PERSISTENCE, RANDOM_FOREST, XGBOOST
from canasta.forecast.training import Trainer
from canasta.ingest.identity import SourceKind
from canasta.ingest.lake import Lake, open_lake
from canasta.ingest.revisions import Revision
from canasta.parameters import EmpiricalParameters, FitParameters, TrainingParameters
from canasta.registry.bundle import Bundle, bundle_ref, read_files, write_bundle
from canasta.registry.decisions import Kind, Record, write_record
from canasta.registry.objects import ObjectRef
from canasta.registry.pointer import Pointer, Title
from canasta.registry.reproduction import (
    compare,
    compare_forecasts,
    decisions_on,
    differences,
    fit_again,
    history_of,
    history_until,
)
from canasta.store import Store
from tests.unit.ingest.builders import KEYS, days, publications
from tests.unit.registry.builders import HURDLE, LINEAGE, MARKET_WEIGHT, RECIPES, panel

PARAMETERS = FitParameters(
    training=TrainingParameters(warm_up=20, clip=2.0),
    hurdle=HURDLE.model_copy(update={"held_out": 20}),
    empirical=EmpiricalParameters(weight=MARKET_WEIGHT),
)
FORECASTS = "forecasts of 2 live series"
LEARNT = [f"horizon {horizon}" for horizon in range(1, 7)]


@pytest.fixture
def lake(tmp_path: Path, milk: Commodity) -> Lake:
    """Three publications, the first of which the third corrects."""
    made = open_lake(Store(str(tmp_path)), milk, SourceKind.SNIIM)
    for block in publications(3, milk):
        made.add_publication(block.date, block.prices)
    made.add_revision(correction(made, days(3)[2], 30.0))
    return made


def correction(lake: Lake, first_seen: date, price: float) -> Revision:
    first = days(1)[0]
    return Revision(first, first_seen, 1, {KEYS[0]: (lake.cells(first)[first][KEYS[0]], price)})


def fitted_as_of(lake: Lake, as_of: date) -> tuple[Bundle, Panel]:
    """A bundle that says it was fitted as of a day, and the history that it was fitted on."""
    known = read_panel(lake, lake.commodity, as_of)
    lineage = replace(LINEAGE, as_of=as_of, fingerprint=lake.fingerprint(as_of))
    made = Bundle(
        Predictor(RECIPES[PERSISTENCE], (), MARKET_WEIGHT),
        known.dates[0],
        known.origin,
        "sniim",
        lineage,
        PARAMETERS.model_dump(),
    )
    return made, known


def assert_same(found: Panel | None, expected: Panel) -> None:
    assert found is not None
    assert (found.keys, found.dates) == (expected.keys, expected.dates)
    np.testing.assert_array_equal(found.prices, expected.prices)


@pytest.mark.parametrize("wait", [0, 1, 30])
def test_what_came_after_the_fit_is_left_out(lake: Lake, milk: Commodity, wait: int) -> None:
    """Fitted `wait` days after the newest publication; then more comes."""
    *_, last = days(3)
    as_of = last + timedelta(days=wait)
    bundle, expected = fitted_as_of(lake, as_of)
    assert_same(history_of(lake, bundle), expected)
    fourth = publications(4, milk)[3]
    lake.add_publication(fourth.date, {**fourth.prices, ("Oaxaca", "Ixtepec", "UHT", "Tienda"): 1})
    lake.add_revision(correction(lake, max(fourth.date, as_of + timedelta(days=1)), 40.0))
    later, _ = fitted_as_of(lake, date(2030, 1, 1))
    assert later.lineage.fingerprint != bundle.lineage.fingerprint
    assert_same(history_of(lake, bundle), expected)


def test_a_correction_that_comes_on_the_very_day_of_the_fit_is_left_out(lake: Lake) -> None:
    as_of = days(4)[3]
    bundle, expected = fitted_as_of(lake, as_of)
    lake.add_revision(correction(lake, as_of, 40.0))
    assert_same(history_of(lake, bundle), expected)


def test_a_correction_known_at_the_fit_is_kept(lake: Lake) -> None:
    """As when a person releases one from quarantine, days after the newest publication."""
    *_, last = days(3)
    bundle_before, before = fitted_as_of(lake, last)
    lake.add_revision(correction(lake, last + timedelta(days=2), 40.0))
    bundle, expected = fitted_as_of(lake, last + timedelta(days=5))
    lake.add_revision(correction(lake, last + timedelta(days=9), 50.0))
    assert_same(history_of(lake, bundle), expected)
    assert_same(history_of(lake, bundle_before), before)
    assert expected.prices[expected.keys.index(KEYS[0]), 0] == 40.0


def test_a_publication_that_comes_late_is_told(tmp_path: Path, milk: Commodity) -> None:
    lake = open_lake(Store(str(tmp_path)), milk, SourceKind.SNIIM)
    first, second, third = publications(3, milk)
    for block in (first, third):
        lake.add_publication(block.date, block.prices)
    bundle, then = fitted_as_of(lake, third.date)
    lake.add_publication(second.date, second.prices)
    assert history_of(lake, bundle) is None
    now = history_until(lake, bundle.lineage.as_of, bundle.trained_to)
    assert differences(then, now) == [
        f"The publication of {second.date} came in since, as when a quarantined publication is "
        "released."
    ]
    assert differences(now, then) == [f"The publication of {second.date} can no longer be found."]


def test_differing_prices_are_counted_and_the_newest_named() -> None:
    then = panel(6)
    prices = then.prices.copy()
    prices[:, 2:4] = [[26.5, np.nan], [24.25, 24.5]]
    told = differences(then, replace(then, prices=prices))
    day = then.dates[3]
    before = then.prices[0, 3]
    assert told == [
        "4 prices differ: "
        f"Jalisco, Guadalajara, Pasteurizada, Tiendas on {day} was {before:g}, is not quoted; "
        f"Yucatán, Mérida, Ultrapasteurizada, Autoservicios on {day} was {then.prices[1, 3]:g}, "
        f"is 24.5; Jalisco, Guadalajara, Pasteurizada, Tiendas on {then.dates[2]} was "
        f"{then.prices[0, 2]:g}, is 26.5."
    ]
    assert differences(then, then) == [
        "No price differs: files were written anew with the same prices."
    ]
    gone = differences(then, replace(then, dates=then.dates[:1], prices=then.prices[:, :1]))
    named = ", ".join(str(day) for day in then.dates[1:4])
    assert gone == [f"5 publications of {named} and 2 more can no longer be found."]


@pytest.fixture(scope="module")
def history() -> Panel:
    """Prices of which seven in ten stay from one publication to the next."""
    made, draws = panel(80), np.random.default_rng(6)
    moves = draws.normal(size=made.prices.shape).round(2)
    moves[draws.random(moves.shape) < 0.7] = 0.0
    return replace(made, prices=25 + moves.cumsum(axis=1))


def bundle_of(history: Panel, algorithm: str, seed: int = 1) -> Bundle:
    fitted = Trainer.of(history, PARAMETERS, seed).fit(RECIPES[algorithm], len(history.dates) - 1)
    lineage = replace(LINEAGE, as_of=history.origin, seed=seed)
    ends = (history.dates[0], history.origin)
    written = write_bundle(
        Bundle(fitted.predictor, *ends, "sniim", lineage, PARAMETERS.model_dump(), {"rmse": 0.3})
    )
    return read_files(bundle_ref("bundle", written), written)


@pytest.mark.parametrize(
    ("algorithm", "compared"),
    [
        (PERSISTENCE, [FORECASTS]),
        (RANDOM_FOREST, [*LEARNT, FORECASTS]),
        (XGBOOST, [*LEARNT, FORECASTS]),
    ],
)
def test_a_bundle_alone_says_how_to_make_it_again(
    history: Panel, algorithm: str, compared: Sequence[str]
) -> None:
    recorded = bundle_of(history, algorithm)
    checks = compare(recorded, fit_again(recorded, history), history)
    assert [check.what for check in checks] == compared
    assert all(check.equal and len(check.recorded) == 64 for check in checks)


def claiming(section: str, **values: float) -> dict[str, Any]:
    """The parameters of the fit, some of them stated wrongly."""
    stated = PARAMETERS.model_dump()
    return {"training": {**stated, section: {**stated[section], **values}}}


@pytest.mark.parametrize(
    "stated", ["seed", "clip", "warm_up", "tilt", "held_out", "recipe", "price"]
)
def test_whatever_is_stated_wrongly_shows(history: Panel, stated: str) -> None:
    recorded, fitted_on = bundle_of(history, RANDOM_FOREST), history
    recipe = replace(
        recorded.predictor.recipe,
        params={**recorded.predictor.recipe.params, "change": {"n_estimators": 5, "max_depth": 4}},
    )
    wrong: dict[str, Any] = {
        "seed": {"lineage": replace(recorded.lineage, seed=2)},
        "clip": claiming("training", clip=0.5),
        "warm_up": claiming("training", warm_up=25),
        "tilt": claiming("hurdle", tilt=0.3),
        "held_out": claiming("hurdle", held_out=21),
        "recipe": {"predictor": replace(recorded.predictor, recipe=recipe)},
        "price": {},
    }[stated]
    if stated == "price":
        prices = history.prices.copy()
        prices[0, 40] += 0.01
        fitted_on = replace(history, prices=prices)
    claimed = replace(recorded, **wrong)
    checks = compare(claimed, fit_again(claimed, fitted_on), history)
    assert [check.what for check in checks if not check.equal] == [*LEARNT, FORECASTS]


def test_a_wrong_weight_of_the_market_shows_in_persistence_s_forecasts(history: Panel) -> None:
    recorded = bundle_of(history, PERSISTENCE)
    claimed = replace(recorded, **claiming("empirical", weight=MARKET_WEIGHT + 1))
    [check] = compare(claimed, fit_again(claimed, history), history)
    assert (check.what, check.equal) == (FORECASTS, False)


def test_a_calibration_that_differs_shows_at_its_own_horizon(history: Panel) -> None:
    recorded = bundle_of(history, XGBOOST)
    hurdles = list(recorded.predictor.hurdles)
    calibration = hurdles[3].calibration
    nudged = replace(calibration.up, slope=float(np.nextafter(calibration.up.slope, 9)))
    hurdles[3] = replace(hurdles[3], calibration=replace(calibration, up=nudged))
    other = replace(recorded.predictor, hurdles=tuple(hurdles))
    checks = compare(recorded, other, history)
    assert "horizon 4" in [check.what for check in checks if not check.equal]
    assert [check.what for check in checks if check.equal][:5] == [
        what for what in LEARNT if what != "horizon 4"
    ]


def test_a_horizon_that_only_one_has_is_unequal(history: Panel) -> None:
    recorded = bundle_of(history, XGBOOST)
    without = Predictor(RECIPES[PERSISTENCE], (), MARKET_WEIGHT)
    *horizons, forecasts = compare(recorded, without, history)
    assert [check.what for check in horizons] == LEARNT
    for check in horizons:
        assert (len(check.recorded), check.again, check.equal) == (64, "", False)
    assert not forecasts.equal


def test_forecasts_are_compared_with_their_series_and_dates(history: Panel) -> None:
    made = forecast(bundle_of(history, XGBOOST).predictor, history, history.origin)
    assert compare_forecasts("", (history, made), (history, made)).equal
    renamed = replace(history, keys=(("Jalisco", "Tequila", "Pasteurizada", "Tiendas"),
                                     history.keys[1]))  # fmt: skip
    later = replace(made, targets=tuple(day + timedelta(days=1) for day in made.targets))
    nudged = [
        replace(made, **{name: np.nextafter(getattr(made, name), np.inf)})
        for name in ("mean", "p_up", "p_down", "quantiles")
    ]
    for other in ((renamed, made), (history, later), *((history, each) for each in nudged)):
        assert not compare_forecasts("", (history, made), other).equal


def test_other_features_or_parameters_are_told_with_the_commit_that_knows_them(
    history: Panel,
) -> None:
    recorded = bundle_of(history, XGBOOST)
    with pytest.raises(NotReproducible, match="parameters that this code does not know"):
        fit_again(replace(recorded, training={"half_life": 90}), history)
    *nearer, farthest = recorded.predictor.hurdles
    renamed = replace(farthest, features=("age", *farthest.features[1:]))
    other = replace(recorded.predictor, hurdles=(*nearer, renamed))
    with pytest.raises(NotReproducible, match=r"with features .* Check out its commit, c0ffee"):
        fit_again(replace(recorded, predictor=other), history)


def test_decisions_on_a_history_are_those_of_its_fingerprint_that_led_to_forecasts(
    tmp_path: Path, history: Panel
) -> None:
    store, recorded = Store(str(tmp_path)), bundle_of(history, PERSISTENCE)
    here, other = recorded.lineage, replace(recorded.lineage, fingerprint="0" * 64)
    origin, later = history.origin, history.origin + timedelta(days=2)
    ref = ObjectRef("panels/x.npz", "b" * 64)
    title = Title("milk", 1, "run", "uri", 0.3, RECIPES[PERSISTENCE], ref)
    after = Pointer(title, "now", ref, origin, None, None, "").as_dict()
    made = [
        (Kind.SEARCH, origin, here, None),
        (Kind.PROMOTE, origin, here, after),
        (Kind.PANEL, origin, other, after),
        (Kind.ROLLBACK, origin, here, after),
        (Kind.PANEL, later, other, after),
    ]
    for hour, (kind, newest, lineage, leads_to) in enumerate(made):
        time = datetime(2025, 5, 1, hour, tzinfo=UTC)
        write_record(store, Record(kind, time, "", newest, lineage, None, None, leads_to))
    found = list(decisions_on(store, recorded))
    assert [record.kind for record, _ in found] == [Kind.ROLLBACK, Kind.PROMOTE]
    assert all(pointer.panel == ref for _, pointer in found)
