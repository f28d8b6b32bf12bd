"""Live skill by plain pandas on made-up outcomes, and the rule that takes a title."""

import math
from collections.abc import Sequence
from datetime import date

import numpy as np
import pandas as pd
import pytest

from canasta.commodity import Commodity
from canasta.forecast.evaluation.metrics import diebold_mariano
from canasta.forecast.recipe import PERSISTENCE, XGBOOST, Recipe
from canasta.monitor.failing import judge_live, of_reign
from canasta.monitor.live import (
    by_slice,
    by_version,
    live_skill,
)
from canasta.monitor.outcomes import FIGURES, FORECAST
from canasta.parameters import LiveParameters, read_parameters
from canasta.registry.tenure import Tenure
from tests.rollback_power import falls_after, years
from tests.unit.registry.builders import CALENDAR

KEYS = (
    ("Jalisco", "Guadalajara", "Pasteurizada", "Tiendas"),
    ("Yucatán", "Mérida", "Ultrapasteurizada", "Autoservicios"),
    ("Sonora", "Nogales", "Ultrapasteurizada", "Tiendas"),
)
NAMES = ("Estado", "Ciudad", "Tipo", "Canal")
MARGINS = LiveParameters(least=6, most=10, dm=1.64, ban=20)
RECIPE = Recipe(XGBOOST, {"eta": 0.1})


def days(count: int) -> list[date]:
    calendar = CALENDAR.expected_after(date(2025, 1, 1))
    return [next(calendar) for _ in range(count)]


def outcomes(
    gain: float, publications: int = 12, versions: Sequence[int] = (3,), seed: int = 1
) -> pd.DataFrame:
    """Outcomes whose CRPS lies by about `gain` below persistence's; horizons 1 and 2."""
    draws, dates = np.random.default_rng(seed), days(publications + 2)
    rows = []
    for at in range(publications):
        for horizon in (1, 2):
            target, origin = dates[at + 2], dates[at + 2 - horizon]
            version = versions[at * len(versions) // publications]
            for key in KEYS:
                if draws.random() < 0.1:  # not quoted
                    continue
                last, came = 25.0, round(25.0 + draws.normal(), 2)
                centre = last + draws.normal() * 0.3
                low, high = centre - 0.8, centre + 0.8
                base = abs(draws.normal()) + 0.5
                figures = (
                    last, came, centre + 0.01, centre, 0.4, low, high, low - 0.5, high + 0.5,
                    base - gain + draws.normal() * 0.05, base,
                )  # fmt: skip
                rows.append((*key, target, origin, horizon, version, *figures))
    return pd.DataFrame(rows, columns=[*NAMES, *FORECAST, *FIGURES])


def test_live_skill_is_what_plain_means_say() -> None:
    found = outcomes(0.1)
    skill = live_skill(found)
    assert skill is not None
    ours = found[found["horizon"] == 1]
    assert (skill.horizon, skill.versions, skill.forecasts) == (1, (3,), len(ours))
    assert (skill.publications, skill.first, skill.last) == (
        12, ours["target"].min(), ours["target"].max()
    )  # fmt: skip
    median, mean = ours["median"] - ours["came"], ours["mean"] - ours["came"]
    still = ours["last"] - ours["came"]
    expected = {
        "mae": median.abs().mean(),
        "rmse": math.sqrt((mean**2).mean()),
        "bias": mean.mean(),
        "crps": ours["crps"].mean(),
        "last_mae": still.abs().mean(),
        "last_rmse": math.sqrt((still**2).mean()),
        "base_crps": ours["base_crps"].mean(),
        "coverage_80": ours["came"].between(ours["low_80"], ours["high_80"]).mean(),
        "coverage_95": ours["came"].between(ours["low_95"], ours["high_95"]).mean(),
        "mae_skill": 100 * (1 - median.abs().mean() / still.abs().mean()),
        "rmse_skill": 100 * (1 - math.sqrt((mean**2).mean() / (still**2).mean())),
        "crps_skill": 100 * (1 - ours["crps"].mean() / ours["base_crps"].mean()),
    }
    figures = skill.figures()
    assert {name: figures[name] for name in expected} == pytest.approx(expected)
    gained = (ours["base_crps"] - ours["crps"]).groupby(ours["target"]).mean().to_numpy()
    statistic = diebold_mariano(np.zeros((1, 12)), gained[np.newaxis])
    assert skill.by_crps.dm == pytest.approx(statistic)
    assert skill.as_dict()["first"] == skill.first.isoformat()


def test_other_horizons_are_measured_apart() -> None:
    found = outcomes(0.1)
    ahead = live_skill(found, 2)
    assert ahead is not None
    assert ahead.crps == pytest.approx(found.loc[found["horizon"] == 2, "crps"].mean())
    assert live_skill(found, 3) is None


def test_versions_and_slices_are_parts_of_the_whole(milk: Commodity) -> None:
    found = outcomes(0.1, versions=(3, 5))
    versions = by_version(found)
    assert list(versions) == [3, 5]
    slices = by_slice(found, milk)
    assert len(slices) == len(KEYS)
    assert set(slices) == {milk.slice_of(key) for key in KEYS}
    for parts in (versions, slices):
        total = sum(part.forecasts for part in parts.values())
        assert total == (found["horizon"] == 1).sum()
    ours = found[(found["version"] == 5) & (found["horizon"] == 1)]
    assert versions[5].crps == pytest.approx(ours["crps"].mean())


def reign(found: pd.DataFrame, versions: Sequence[int] = (3,), since: date | None = None) -> Tenure:
    return Tenure(RECIPE, since or found["origin"].min(), frozenset(versions))


def test_a_champion_behind_persistence_beyond_chance_fails() -> None:
    found = outcomes(-0.2)
    ruling = judge_live(found, reign(found), MARGINS)
    assert ruling is not None
    assert ruling.fails
    assert ruling.skill.publications == MARGINS.most
    assert ruling.skill.by_crps.dm < -MARGINS.dm
    assert "xgboost fails: over its last 10 publications" in ruling.reason
    assert "% above persistence's (DM -" in ruling.reason
    written = ruling.as_dict()
    assert written["decision"] == {"action": "rollback", "reason": ruling.reason}
    assert written["evidence"]["by_crps"]["dm"] == ruling.skill.by_crps.dm
    assert written["margins"]["ban"] == 20


@pytest.mark.parametrize("gain", [0.2, 0.0])
def test_a_champion_that_is_better_or_no_worse_than_chance_holds(gain: float) -> None:
    found = outcomes(gain)
    ruling = judge_live(found, reign(found), MARGINS)
    assert ruling is not None
    assert not ruling.fails
    assert "xgboost holds" in ruling.reason


def test_under_so_many_publications_nothing_is_said() -> None:
    for count, said in ((MARGINS.least - 1, False), (MARGINS.least, True)):
        found = outcomes(-0.2, publications=count)
        assert (judge_live(found, reign(found), MARGINS) is not None) == said


def test_the_newest_publications_of_the_reign_alone_count() -> None:
    found = outcomes(-0.2, publications=30, versions=(3, 5))
    half = found.loc[found["version"] == 5, "origin"].min()
    assert len(of_reign(found, reign(found, (3, 5)), 10)["target"].unique()) == 10
    ours = of_reign(found, reign(found, (5,)), 40)
    assert set(ours["version"]) == {5}
    assert set(ours["horizon"]) == {1}
    # A version that reigned before, fell and came back begins anew.
    later = of_reign(found, reign(found, (3, 5), since=half), 40)
    assert later["origin"].min() == half
    assert later["target"].max() == found["target"].max()


def test_equal_scores_are_no_evidence_and_persistence_never_fails() -> None:
    found = outcomes(-0.2)
    same = found.assign(crps=found["base_crps"])
    ruling = judge_live(same, reign(same), MARGINS)
    assert ruling is not None
    assert not ruling.fails
    title = Tenure(Recipe(PERSISTENCE), found["origin"].min(), frozenset({3}))
    assert judge_live(found, title, MARGINS) is None


def test_nothing_scored_is_nothing_measured(milk: Commodity) -> None:
    empty = outcomes(0.1).iloc[:0]
    assert live_skill(empty) is None
    assert by_version(empty) == {}
    assert by_slice(empty, milk) == {}
    bare = pd.DataFrame(columns=[*FORECAST, *FIGURES])
    assert judge_live(bare, Tenure(RECIPE, date(2025, 1, 1), frozenset({3})), MARGINS) is None


def test_the_rule_takes_few_titles_by_chance_from_who_is_ahead_and_soon_from_who_is_behind() -> (
    None
):
    """The figures of decision 0018, on fewer years than `python -m tests.rollback_power` takes."""
    margins = read_parameters().live
    behind, equal, ahead = (years(worth, margins, 100) for worth in (-0.3, 0.0, 0.3))
    assert behind.share > 0.95
    assert behind.median < 30
    assert 0.4 < equal.share < 0.7, "as good as persistence: half of the years end by chance"
    assert ahead.share < 0.05


@pytest.mark.parametrize("gain", [-0.1, -0.02, 0.0, 0.02])
def test_the_rule_of_the_figures_is_the_rule_of_the_champion(gain: float) -> None:
    """After each publication, on the mean loss that one series would have."""
    found = outcomes(gain, publications=14).groupby(["target", "horizon"], as_index=False).first()
    found = found[[*NAMES, *FORECAST, *FIGURES]]
    first = found[found["horizon"] == 1].sort_values("target")
    fell = falls_after((first["base_crps"] - first["crps"]).to_numpy(), MARGINS)
    targets = first["target"].tolist()
    tenure = Tenure(RECIPE, date(2025, 1, 1), frozenset({3}))
    rulings = [judge_live(found[found["target"] <= day], tenure, MARGINS) for day in targets]
    failing = [at for at, one in enumerate(rulings, 1) if one is not None and one.fails]
    assert fell == (failing[0] if failing else 0)
