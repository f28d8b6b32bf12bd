"""Skill over time is live skill of the publications that each point looks back on."""

import numpy as np
import pytest

from canasta.monitor.live import live_skill
from canasta.monitor.trailing import LEAST, trailing
from tests.unit.monitor.test_live import outcomes

LENGTH = 7


@pytest.mark.parametrize("horizon", [1, 2])
def test_each_point_is_the_live_skill_of_its_publications(horizon: int) -> None:
    made = outcomes(0.1, publications=16, versions=(3, 4))
    found = trailing(made, LENGTH, horizon)
    assert found is not None
    ours = made[made["horizon"] == horizon]
    targets = sorted(ours["target"].unique())
    assert found.targets == tuple(targets)
    for at in range(LEAST - 1, len(targets)):
        within = ours[ours["target"].isin(targets[max(0, at + 1 - LENGTH) : at + 1])]
        skill = live_skill(within, horizon)
        assert skill is not None
        assert found.crps_skill[at] == pytest.approx(skill.by_crps.skill)
        assert found.rmse_skill[at] == pytest.approx(skill.by_rmse.skill)
        assert found.mae_skill[at] == pytest.approx(skill.by_mae.skill)
        assert found.coverage_80[at] == pytest.approx(skill.coverage_80)
        assert found.coverage_95[at] == pytest.approx(skill.coverage_95)


def test_the_first_points_say_nothing_but_what_is_saved() -> None:
    made = outcomes(0.1)
    found = trailing(made, LENGTH)
    assert found is not None
    for values in (found.crps_skill, found.rmse_skill, found.mae_skill, found.coverage_95):
        assert np.isnan(values).tolist() == [at < LEAST - 1 for at in range(len(found.targets))]
    assert np.isfinite(found.saved).all()


@pytest.mark.parametrize("length", [2, LEAST - 1, LEAST])
def test_a_point_looks_back_on_as_many_as_say_something(length: int) -> None:
    found, least = trailing(outcomes(0.1), length), trailing(outcomes(0.1), LEAST)
    assert found is not None
    assert least is not None
    assert found.length == LEAST
    assert found.crps_skill == pytest.approx(least.crps_skill, nan_ok=True)


def test_what_is_saved_ends_at_the_skill_of_all() -> None:
    made = outcomes(0.2)
    found, skill = trailing(made, LENGTH), live_skill(made)
    assert found is not None
    assert skill is not None
    assert found.saved[-1] == pytest.approx(skill.by_crps.skill)


@pytest.mark.parametrize("publications", [0, LEAST - 1])
def test_too_few_publications_have_no_course(publications: int) -> None:
    assert trailing(outcomes(0.1, publications), LENGTH) is None


def test_a_market_that_never_moves_is_no_gain_and_no_loss() -> None:
    still = outcomes(0.1)
    for column in ("mean", "median", "last", "low_95", "high_95"):
        still[column] = still["came"]
    still[["crps", "base_crps"]] = 0.0
    found = trailing(still, LENGTH)
    assert found is not None
    assert np.isnan(found.crps_skill).all()
    assert np.isnan(found.rmse_skill).all()
    assert np.isnan(found.saved).all()
    assert (found.coverage_95[LEAST - 1 :] == 1).all()
