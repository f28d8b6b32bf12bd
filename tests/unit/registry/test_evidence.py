import math
from dataclasses import replace

import numpy as np
import pytest

from canasta.forecast.evaluation.metrics import compare_losses, compare_rmse
from canasta.forecast.recipe import XGBOOST, Recipe
from canasta.registry.evidence import gather
from tests.unit.registry.builders import certain, competition


def test_without_a_champion_candidates_meet_persistence() -> None:
    bt = competition({"xgboost": 0.3, "random-forest": 0.1})
    evidence = gather(bt, None, ["xgboost", "random-forest"])
    assert evidence.origins == 60
    assert evidence.champion is None
    first, second = evidence.candidates
    assert (first.name, first.recipe_id) == ("xgboost", bt.recipes["xgboost"].id)
    assert first.against_champion is None
    mine, theirs = (bt.scored[name].crps[0] for name in ("xgboost", "persistence"))
    assert first.against_persistence == compare_losses(mine, theirs)
    assert first.against_persistence.skill == pytest.approx(30, abs=1)
    assert first.slices["South"] == compare_losses(mine[4:], theirs[4:])
    error = bt.scored["xgboost"].mean[0] - bt.changes[0]
    assert first.rmse_skill == compare_rmse(error, -bt.changes[0]).skill
    assert second.against_persistence.skill < first.against_persistence.skill


def test_a_model_champion_is_the_incumbent_of_candidate_and_slices() -> None:
    bt = competition({"champion": 0.2, "xgboost": 0.3})
    bt = replace(bt, recipes={**bt.recipes, "champion": Recipe(XGBOOST, {"eta": 0.1})})
    evidence = gather(bt, "champion", ["xgboost"])
    assert evidence.champion is not None
    assert not evidence.champion.is_persistence
    assert evidence.champion.against_persistence.skill == pytest.approx(20, abs=1)
    (candidate,) = evidence.candidates
    mine, theirs = (bt.scored[name].crps[0] for name in ("xgboost", "champion"))
    assert candidate.against_champion == compare_losses(mine, theirs)
    assert candidate.slices["North"].skill == pytest.approx(12.5, abs=1)


def test_persistence_as_champion_is_told_as_such() -> None:
    evidence = gather(competition({"xgboost": 0.3}), "persistence", ["xgboost"])
    assert evidence.champion is not None
    assert evidence.champion.is_persistence
    assert evidence.champion.against_persistence.skill == 0
    assert evidence.candidates[0].against_champion is None


def test_a_contestant_that_abstains_has_no_figure() -> None:
    bt = competition({"xgboost": 0.3})
    made = bt.scored["xgboost"].mean[0].copy()
    made[6, 10] = np.nan
    scored = {**bt.scored, "xgboost": certain(made, bt.changes[0])}
    evidence = gather(replace(bt, scored=scored), None, ["xgboost"])
    (candidate,) = evidence.candidates
    assert math.isnan(candidate.against_persistence.skill)
    assert math.isnan(candidate.rmse_skill)
    assert math.isnan(candidate.slices["South"].dm)
    assert candidate.slices["North"].skill == pytest.approx(30, abs=1)


def test_a_slice_whose_prices_stood_still_is_not_judged() -> None:
    bt = competition({"xgboost": 0.3})
    changes = bt.changes.copy()
    changes[0, 4:] = 0.0

    def judged() -> set[str]:
        scored = {name: certain(made.mean[0], changes[0]) for name, made in bt.scored.items()}
        moved = replace(bt, changes=changes, scored=scored)
        return set(gather(moved, None, ["xgboost"]).candidates[0].slices)

    assert judged() == {"North"}
    changes[0, 4:, 3] += 0.5
    assert judged() == {"North"}
    changes[0, 4:, 7] += 0.5
    assert judged() == {"North", "South"}


def test_the_gate_is_shown_who_is_banned() -> None:
    bt = competition({"xgboost": 0.3, "random-forest": 0.1})
    bans = {bt.recipes["xgboost"].id: 4, "another": 9}
    evidence = gather(bt, None, ["xgboost", "random-forest"], bans)
    assert [candidate.banned_for for candidate in evidence.candidates] == [4, 0]
    assert evidence.as_dict()["candidates"][0]["banned_for"] == 4
