"""From a back-test to the gate's evidence."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from types import MappingProxyType

import numpy as np

from canasta.forecast.evaluation.backtest import Backtest
from canasta.forecast.evaluation.metrics import MIN_DATES, Comparison, compare_rmse
from canasta.forecast.recipe import PERSISTENCE
from canasta.registry.gate import Candidate, Champion, Evidence

NO_BANS: Mapping[str, int] = MappingProxyType({})


def gather(
    backtest: Backtest,
    champion: str | None,
    candidates: Sequence[str],
    bans: Mapping[str, int] = NO_BANS,
) -> Evidence:
    """Compare the named contestants of `backtest` as the gate asks for it.

    Args:
        backtest: holds persistence and every contestant named here.
        champion: the contestant that holds the title; None where nobody does.
        candidates: the contestants that want it.
        bans: by recipe id, for how many publications a recipe may not win; see `tenure.banned`.
    """
    return Evidence(
        origins=backtest.compare(PERSISTENCE, PERSISTENCE).origins,
        champion=None if champion is None else _champion(backtest, champion),
        candidates=tuple(_candidate(backtest, name, champion, bans) for name in candidates),
    )


def _champion(backtest: Backtest, name: str) -> Champion:
    recipe = backtest.recipes[name]
    return Champion(
        name=name,
        recipe_id=recipe.id,
        is_persistence=recipe.algorithm == PERSISTENCE,
        against_persistence=_compare(backtest, name, PERSISTENCE),
    )


def _candidate(
    backtest: Backtest, name: str, champion: str | None, bans: Mapping[str, int]
) -> Candidate:
    is_model = champion is not None and backtest.recipes[champion].algorithm != PERSISTENCE
    incumbent = champion if champion is not None and is_model else PERSISTENCE
    return Candidate(
        name=name,
        recipe_id=backtest.recipes[name].id,
        against_persistence=_compare(backtest, name, PERSISTENCE),
        rmse_skill=_rmse_skill(backtest, name),
        against_champion=_compare(backtest, name, incumbent) if is_model else None,
        slices={
            part: _compare(backtest, name, incumbent, part)
            for part in backtest.parts
            if _can_be_judged(backtest, part)
        },
        banned_for=bans.get(backtest.recipes[name].id, 0),
    )


def _can_be_judged(backtest: Backtest, part: str) -> bool:
    """Tell whether prices of a slice moved on two dates: else nobody can be better or worse.

    A city listed for the first time would otherwise stop every promotion until it moves.
    """
    moved = np.nan_to_num(backtest.last_error(part)) != 0
    return int(moved.any(axis=0).sum()) >= MIN_DATES


def _rmse_skill(backtest: Backtest, name: str) -> float:
    if _abstains(backtest, name, None):
        return math.nan
    return compare_rmse(backtest.mean_error(name), backtest.last_error()).skill


def _compare(backtest: Backtest, name: str, reference: str, part: str | None = None) -> Comparison:
    """Compare two contestants, unless one left out a price that came.

    Measures skip what is NaN: a contestant that abstains where it is hard would look better than
    it is.
    """
    if _abstains(backtest, name, part) or _abstains(backtest, reference, part):
        return Comparison(math.nan, math.nan, 0)
    return backtest.compare(name, reference, part)


def _abstains(backtest: Backtest, name: str, part: str | None) -> bool:
    scored = np.isfinite(backtest.last_error(part))
    made = (backtest.crps(name, part), backtest.mean_error(name, part))
    return not all(np.isfinite(values[scored]).all() for values in made)
