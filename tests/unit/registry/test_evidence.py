import math
from dataclasses import replace

import numpy as np
import pytest

from canasta.forecast.metrics import compare_rmse
from canasta.forecast.recipe import XGBOOST, Recipe
from canasta.registry.evidence import gather
from tests.unit.registry.builders import competition


def test_without_a_champion_candidates_meet_persistence() -> None:
    bt = competition({"xgboost": 0.3, "random-forest": 0.1})
    evidence = gather(bt, None, ["xgboost", "random-forest"])
    assert evidence.origins == 60
    assert evidence.champion is None
    first, second = evidence.candidates
    assert (first.name, first.recipe_id) == ("xgboost", bt.recipes["xgboost"].id)
    assert first.against_champion is None
    expected = compare_rmse(bt.forecasts["xgboost"] - bt.actual, bt.last - bt.actual)
    assert first.against_persistence == expected
    assert first.against_persistence.skill == pytest.approx(30, abs=1)
    assert first.slices["South"] == compare_rmse(
        (bt.forecasts["xgboost"] - bt.actual)[4:], (bt.last - bt.actual)[4:]
    )
    assert second.against_persistence.skill < first.against_persistence.skill


def test_a_model_champion_is_the_incumbent_of_candidate_and_slices() -> None:
    bt = competition({"champion": 0.2, "xgboost": 0.3})
    bt = replace(bt, recipes={**bt.recipes, "champion": Recipe(XGBOOST, {"eta": 0.1})})
    evidence = gather(bt, "champion", ["xgboost"])
    assert evidence.champion is not None
    assert not evidence.champion.is_persistence
    assert evidence.champion.against_persistence.skill == pytest.approx(20, abs=1)
    (candidate,) = evidence.candidates
    expected = compare_rmse(
        bt.forecasts["xgboost"] - bt.actual, bt.forecasts["champion"] - bt.actual
    )
    assert candidate.against_champion == expected
    assert candidate.slices["North"].skill == pytest.approx(12.5, abs=1)


def test_persistence_as_champion_is_told_as_such() -> None:
    evidence = gather(competition({"xgboost": 0.3}), "persistence", ["xgboost"])
    assert evidence.champion is not None
    assert evidence.champion.is_persistence
    assert evidence.champion.against_persistence.skill == 0
    assert evidence.candidates[0].against_champion is None


def test_a_contestant_that_abstains_has_no_figure() -> None:
    bt = competition({"xgboost": 0.3})
    forecasts = bt.forecasts["xgboost"].copy()
    forecasts[6, 10] = np.nan
    evidence = gather(
        replace(bt, forecasts={**bt.forecasts, "xgboost": forecasts}), None, ["xgboost"]
    )
    (candidate,) = evidence.candidates
    assert math.isnan(candidate.against_persistence.skill)
    assert math.isnan(candidate.slices["South"].dm)
    assert candidate.slices["North"].skill == pytest.approx(30, abs=1)


def test_a_slice_whose_prices_stood_still_is_not_judged() -> None:
    bt = competition({"xgboost": 0.3})
    actual = bt.actual.copy()
    actual[4:] = bt.last[4:]
    still = gather(replace(bt, actual=actual), None, ["xgboost"]).candidates[0]
    assert set(still.slices) == {"North"}
    actual[4:, 3] += 0.5
    once = gather(replace(bt, actual=actual), None, ["xgboost"]).candidates[0]
    assert set(once.slices) == {"North"}
    actual[4:, 7] += 0.5
    twice = gather(replace(bt, actual=actual), None, ["xgboost"]).candidates[0]
    assert set(twice.slices) == {"North", "South"}
    assert math.isfinite(twice.slices["South"].dm)
