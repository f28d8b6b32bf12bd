"""The gate's truth table, from the back-test to pointer and aliases, on a real MLflow."""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pytest

from canasta.errors import RegistryUnavailable
from canasta.forecast.evaluation.backtest import Backtest
from canasta.forecast.panel import Floats
from canasta.forecast.recipe import PERSISTENCE, RANDOM_FOREST, XGBOOST
from canasta.registry.decisions import Kind, newest_search
from canasta.registry.evidence import gather
from canasta.registry.gate import Evidence
from canasta.registry.objects import to_json
from canasta.registry.pointer import current
from canasta.registry.promotion import carry_out, promote_by_hand
from canasta.registry.steps import Registry, Ruling
from canasta.registry.tracking import Tracking
from tests.integration.registry_setting import (
    basis,
    register,
    register_all,
    ruling,
)
from tests.unit.registry.builders import RECIPES, certain, competition

CHAMPION = "champion"
REFIT = "refit"


@pytest.fixture(scope="module")
def versions(tracking: Tracking) -> Mapping[str, int]:
    """The fits on all data; the champion is a forest, REFIT the fit on newer data."""
    registered = register_all(tracking)
    return {**registered, REFIT: register(tracking, RANDOM_FOREST, seed=2)}


def shown(bt: Backtest, champion: str | None) -> Evidence:
    recipes = {**bt.recipes, CHAMPION: RECIPES[RANDOM_FOREST]}
    return gather(replace(bt, recipes=recipes), champion, [XGBOOST])


def with_made(bt: Backtest, name: str, made: Floats) -> Backtest:
    """The back-test with other forecasts of one contestant, (S, N) changes that are certain."""
    return replace(bt, scored={**bt.scored, name: certain(made, bt.changes[0])})


def against(champion: float, candidate: float, origins: int = 60) -> Evidence:
    bt = competition({CHAMPION: champion, XGBOOST: candidate}, origins)
    return shown(bt, CHAMPION)


def equal() -> Evidence:
    bt = competition({CHAMPION: 0.2, XGBOOST: 0.4})
    return shown(replace(bt, scored={**bt.scored, XGBOOST: bt.scored[CHAMPION]}), CHAMPION)


def with_missing_metric() -> Evidence:
    evidence = against(0.2, 0.4)
    return replace(evidence, candidates=(replace(evidence.candidates[0], against_champion=None),))


def with_nan() -> Evidence:
    bt = competition({CHAMPION: 0.2, XGBOOST: 0.4})
    gap = bt.scored[XGBOOST].mean[0].copy()
    gap[3, 7] = np.nan
    return shown(with_made(bt, XGBOOST, gap), CHAMPION)


def with_nan_champion() -> Evidence:
    bt = competition({CHAMPION: 0.2, XGBOOST: 0.4})
    return shown(with_made(bt, CHAMPION, np.full_like(bt.last, np.nan)), CHAMPION)


def with_one_bad_slice() -> Evidence:
    """Much better in the North, a little worse than the champion in the South."""
    bt = competition({CHAMPION: 0.2, XGBOOST: 0.9})
    mixed = bt.scored[XGBOOST].mean[0].copy()
    mixed[4:] = 0.1 * bt.changes[0, 4:]
    return shown(with_made(bt, XGBOOST, mixed), CHAMPION)


def banned() -> Evidence:
    """Evidence by which the candidate would win, if outcomes had not taken the title from it."""
    evidence = against(0.2, 0.4)
    barred = (replace(candidate, banned_for=7) for candidate in evidence.candidates)
    return replace(evidence, candidates=tuple(barred))


@dataclass(frozen=True)
class Row:
    """One row: who reigns, what is shown, and who reigns afterwards."""

    reigning: str | None
    evidence: Callable[[], Evidence]
    action: str
    live: str
    challenger: str | None = XGBOOST


TABLE = {
    "no champion, candidate better than persistence": Row(
        None, lambda: shown(competition({XGBOOST: 0.3}), None), "promote", XGBOOST, None
    ),
    "no champion, persistence better": Row(
        None, lambda: shown(competition({XGBOOST: -0.3}), None), "promote", PERSISTENCE
    ),
    "no champion, no back-test possible": Row(
        None, lambda: Evidence(0, None, ()), "promote", PERSISTENCE, None
    ),
    "worse": Row(RANDOM_FOREST, lambda: against(0.3, 0.1), "refresh", REFIT),
    "equal": Row(RANDOM_FOREST, equal, "refresh", REFIT),
    "better": Row(RANDOM_FOREST, lambda: against(0.2, 0.4), "promote", XGBOOST, None),
    "missing metric": Row(RANDOM_FOREST, with_missing_metric, "refresh", REFIT),
    "NaN": Row(RANDOM_FOREST, with_nan, "refresh", REFIT, None),
    "champion NaN": Row(RANDOM_FOREST, with_nan_champion, "keep", RANDOM_FOREST, PERSISTENCE),
    "too few origins": Row(
        RANDOM_FOREST, lambda: against(0.2, 0.4, 29), "keep", RANDOM_FOREST, PERSISTENCE
    ),
    "persistence better than both": Row(
        RANDOM_FOREST, lambda: against(-0.2, -0.3), "promote", PERSISTENCE
    ),
    "better, but banned": Row(RANDOM_FOREST, banned, "refresh", REFIT, None),
    "one slice much worse": Row(RANDOM_FOREST, with_one_bad_slice, "refresh", REFIT),
}


def crown(registry: Registry, reigning: str | None, versions: Mapping[str, int]) -> None:
    if reigning is not None:
        promote_by_hand(registry, basis(5), versions[PERSISTENCE])
        promote_by_hand(registry, basis(5), versions[reigning])


def entered(versions: Mapping[str, int]) -> Mapping[str, int]:
    """Versions by contestant, as a search registers them."""
    return {
        PERSISTENCE: versions[PERSISTENCE],
        XGBOOST: versions[XGBOOST],
        CHAMPION: versions[REFIT],
    }


@pytest.mark.parametrize("name", TABLE)
def test_row(name: str, registry: Registry, versions: Mapping[str, int]) -> None:
    row = TABLE[name]
    crown(registry, row.reigning, versions)
    before = current(registry.lake)
    judged: Ruling = ruling(row.evidence())
    assert judged.decision.action.value == row.action
    made = carry_out(registry, basis(6), judged, entered(versions))
    assert made == current(registry.lake)
    assert made.title.version == versions[row.live]
    challenger = {} if row.challenger is None else {"challenger": versions[row.challenger]}
    assert registry.tracking.aliases() == {"champion": versions[row.live], **challenger}
    record = newest_search(registry.lake)
    assert record is not None
    assert record.kind is (Kind.REFRESH if row.action == "refresh" else Kind.SEARCH)
    assert record.ruling == judged_as_json(judged)
    assert (made == before) is (row.action == "keep")


def judged_as_json(judged: Ruling) -> object:
    """Figures that are no numbers are written as null, tuples as lists."""
    return json.loads(to_json(judged.as_dict()))


def test_row_registry_down(registry: Registry, versions: Mapping[str, int], tmp_path: Path) -> None:
    crown(registry, RANDOM_FOREST, versions)
    before = current(registry.lake)
    down = replace(registry, tracking=Tracking("http://127.0.0.1:9", str(tmp_path), "milk"))
    with pytest.raises(RegistryUnavailable):
        carry_out(down, basis(6), ruling(against(0.2, 0.4)), entered(versions))
    assert current(registry.lake) == before
    assert registry.tracking.aliases()["champion"] == versions[RANDOM_FOREST]
