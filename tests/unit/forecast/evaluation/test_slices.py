import math
from collections.abc import Iterator

import numpy as np
import pytest

from canasta.commodity import Commodity
from canasta.forecast.evaluation.backtest import Backtest
from canasta.forecast.evaluation.metrics import Comparison
from canasta.forecast.evaluation.slices import (
    MEASURES,
    Losses,
    Slice,
    by_group,
    groups_of,
    is_worse,
    measured,
    slices,
    worse_by_chance,
)
from canasta.forecast.panel import Floats, Panel
from canasta.forecast.recipe import PERSISTENCE
from tests.unit.registry.builders import backtest, competition

GROUPS = {"side": ("North",) * 4 + ("South",) * 4, "parity": ("even", "odd") * 4}


@pytest.fixture(scope="module")
def result() -> Backtest:
    """One contestant foresees the North, and in the South rather the opposite of what comes."""
    draws = np.random.default_rng(5)
    changes = draws.normal(size=(8, 60))
    made = changes * np.repeat([1.0, -0.4], 4)[:, np.newaxis]
    return backtest({"lopsided": made}, changes, GROUPS["side"])


def test_groups_are_measured_as_the_back_test_measures_its_slices(result: Backtest) -> None:
    found = {(one.grouping, one.group): one for one in by_group(result, "lopsided", GROUPS)}
    assert list(found) == [
        ("side", "North"), ("side", "South"), ("parity", "even"), ("parity", "odd")
    ]  # fmt: skip
    for part in ("North", "South"):
        one, whole = found["side", part], result.metrics("lopsided", part)
        assert one.count == 4 * 60
        for name in MEASURES:
            compared: Comparison = getattr(one, name)
            assert compared.skill == whole[f"{name}_skill"]
            assert compared.dm == whole[f"dm_{name}"]
            assert compared.origins == 60
        assert (one.coverage_80, one.coverage_95) == (whole["coverage_80"], whole["coverage_95"])


def test_verdict_falls_on_the_group_that_is_served_worse(result: Backtest) -> None:
    found = {one.group: one.worse for one in by_group(result, "lopsided", GROUPS)}
    assert found["North"] == ()
    assert found["South"] == MEASURES
    assert found["even"] == found["odd"] == (), "two of each are served well, two badly"


@pytest.mark.parametrize(
    ("skill", "dm", "worse"),
    [
        (-1.0, -1.65, True),
        (-1.0, -1.63, False),
        (1.0, -3.0, False),
        (-1.0, math.nan, False),
        (math.nan, -3.0, False),
    ],
)
def test_worse_takes_a_skill_below_zero_and_evidence(skill: float, dm: float, worse: bool) -> None:
    assert is_worse(Comparison(skill, dm, 30)) == worse


def test_group_without_a_score_is_left_out() -> None:
    changes = np.random.default_rng(6).normal(size=(8, 60))
    changes[:4] = np.nan
    unknown = backtest({"some": np.zeros((8, 60))}, changes, GROUPS["side"])
    assert [one.group for one in by_group(unknown, "some", GROUPS)] == ["South", "even", "odd"]


def test_prices_that_stood_still_are_no_evidence() -> None:
    still = backtest({"calm": np.zeros((8, 60))}, np.zeros((8, 60)), GROUPS["side"])
    found = by_group(still, "calm", GROUPS)
    assert len(found) == 4
    assert all(math.isnan(getattr(one, name).skill) for one in found for name in MEASURES)
    assert all(one.worse == () and one.coverage_95 == 1.0 for one in found)
    assert worse_by_chance(found) == 0


def noisy(seed: int, groups: int = 40, dates: int = 30) -> tuple[Slice, ...]:
    """Groups of two series, of a contestant that is exactly as good as its reference."""
    draws = np.random.default_rng(seed)

    def errors() -> Floats:
        return draws.normal(size=(2 * groups, dates))

    mean, median, last, inside = errors(), errors(), errors(), np.ones((2 * groups, dates))
    losses = Losses(1, mean, median, last, np.abs(errors()), np.abs(errors()), inside, inside)
    return slices(losses, {"pair": tuple(str(row // 2) for row in range(2 * groups))})


def test_chance_alone_gives_about_as_many_verdicts_as_told() -> None:
    def verdicts() -> Iterator[tuple[int, float]]:
        for seed in range(12):
            found = noisy(seed)
            yield sum(len(one.worse) for one in found), worse_by_chance(found)

    came, told = (sum(values) for values in zip(*verdicts(), strict=True))
    assert told == pytest.approx(12 * 40 * 3 * 0.056, rel=0.01)  # t with 29 degrees of freedom
    # The lag-1 variance is itself a guess from 30 dates, so the test finds somewhat too many.
    assert 0.7 < came / told < 1.6


def test_milk_is_grouped_by_state_type_channel_and_slice(panel: Panel, milk: Commodity) -> None:
    groups = groups_of(panel.keys, milk)
    assert list(groups) == ["Estado", "Tipo", "Canal", "Tipo × Canal × region"]
    assert all(len(labels) == len(panel.keys) for labels in groups.values())
    for at, key in enumerate(panel.keys):
        assert [labels[at] for labels in groups.values()] == [
            key[0], key[2], key[3], milk.slice_of(key)
        ]  # fmt: skip


def test_all_series_together_are_the_whole_back_test(result: Backtest) -> None:
    whole = measured(Losses.of(result, "lopsided"), "all", "")
    assert whole.crps == result.compare("lopsided", PERSISTENCE)
    assert whole.count == 8 * 60


def test_other_contestants_do_not_count() -> None:
    alone, among = competition({"a": 0.2}, seed=3), competition({"a": 0.2, "b": 0.9}, seed=3)
    assert by_group(alone, "a", GROUPS) == by_group(among, "a", GROUPS)
