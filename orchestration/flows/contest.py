"""Search, back-test, gate, registration and promotion: one contest for the title."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from canasta.errors import TooLittleHistory
from canasta.forecast.evaluation.backtest import Backtest
from canasta.forecast.evaluation.metrics import Comparison
from canasta.forecast.evaluation.origins import Window, last_window
from canasta.forecast.evaluation.vintages import Vintages, read_vintages
from canasta.forecast.panel import Panel
from canasta.forecast.recipe import FEATURES, PERSISTENCE, Recipe
from canasta.forecast.training import Trainer
from canasta.forecast.tuning import Search
from canasta.registry.evidence import gather
from canasta.registry.gate import Action, Champion, Evidence
from canasta.registry.pointer import Pointer, current
from canasta.registry.steps import Basis, Ruling
from canasta.registry.tenure import banned
from orchestration.artifacts import show_contest
from orchestration.tasks.learn import (
    CHAMPION,
    back_test,
    judge,
    register,
    search_recipe,
)
from orchestration.tasks.publish import promote
from orchestration.workspace import Workspace


@dataclass(frozen=True)
class Outcome:
    """What a contest taught and decided, in lines for people."""

    learnt: Sequence[str] = ()
    decided: Sequence[str] = ()


def hold_contest(work: Workspace, panel: Panel, basis: Basis) -> Outcome:
    """Let the best recipe of each algorithm, the champion's and persistence compete.

    Without history enough to fit or evaluate anything, as in a market that stands still, the
    champion stays; where there is none, the last price becomes it.
    """
    champion = champion_recipe(current(work.store))
    trainer = Trainer.of(panel, work.parameters.fit, work.settings.seed)
    try:
        return _with_evidence(work, trainer, basis, champion)
    except TooLittleHistory as reason:
        return _without_evidence(work, trainer, basis, champion, str(reason))


def _with_evidence(
    work: Workspace, trainer: Trainer, basis: Basis, champion: Recipe | None
) -> Outcome:
    vintages, window = vintages_of(work), window_of(work, trainer.panel)
    searches = {
        algorithm: search_recipe(work, vintages, window, algorithm, champion)
        for algorithm in work.parameters.space
    }
    recipes = {algorithm: found.best.recipe for algorithm, found in searches.items()}
    name = contestant_name(champion)
    if name == CHAMPION and champion is not None:
        recipes[CHAMPION] = champion
    backtest = back_test(work, vintages, window, recipes)
    bans = banned(work.store, trainer.panel.dates, work.parameters.live.ban)
    ruling = judge(work, gather(backtest, name, list(searches), bans))
    versions = _registered(work, trainer, basis, backtest, searches, ruling)
    promote(work, basis, ruling, versions)
    if not work.is_replay:
        show_contest(backtest, ruling)
    return Outcome(_learnt(backtest, searches), _decided(ruling))


def _without_evidence(
    work: Workspace, trainer: Trainer, basis: Basis, champion: Recipe | None, reason: str
) -> Outcome:
    ruling = judge(work, Evidence(0, _unmeasured(champion), ()))
    versions = {}
    if champion is None:
        versions[PERSISTENCE] = register(work, trainer, basis, PERSISTENCE, Recipe(PERSISTENCE))
    promote(work, basis, ruling, versions)
    return Outcome((reason,), _decided(ruling))


def _unmeasured(champion: Recipe | None) -> Champion | None:
    if champion is None:
        return None
    nothing = Comparison(math.nan, math.nan, 0)
    is_persistence = champion.algorithm == PERSISTENCE
    return Champion(champion.algorithm, champion.id, is_persistence, nothing)


def vintages_of(work: Workspace, horizons: int = 1) -> Vintages:
    """Lay the history out for fitting, as it was known on each of its days.

    For the next publication alone, unless more horizons are asked for: the gate judges by it.
    """
    fit, seed = work.parameters.fit, work.settings.seed
    return read_vintages(work.lake, work.commodity, work.as_of, fit, seed, horizons)


def window_of(work: Workspace, panel: Panel) -> Window:
    """Return the origins that are evaluated.

    Raises:
        TooLittleHistory: not enough publications to evaluate anything.
    """
    parameters = work.parameters.backtest
    return last_window(panel, parameters.origins, parameters.training, work.settings.retrain_every)


def champion_recipe(pointer: Pointer | None) -> Recipe | None:
    """Return the recipe that holds the title, if this release can fit it; None without one."""
    recipe = None if pointer is None else pointer.title.recipe
    return None if recipe is None or recipe.features != FEATURES else recipe


def contestant_name(champion: Recipe | None) -> str | None:
    """Return under which name the recipe that holds the title competes; None without one."""
    if champion is None:
        return None
    return PERSISTENCE if champion.algorithm == PERSISTENCE else CHAMPION


def _registered(
    work: Workspace,
    trainer: Trainer,
    basis: Basis,
    backtest: Backtest,
    searches: Mapping[str, Search],
    ruling: Ruling,
) -> dict[str, int]:
    """Register persistence and the best of each algorithm, and a champion that is refitted."""
    names = [PERSISTENCE, *searches]
    decision = ruling.decision
    if decision.action is Action.REFRESH and decision.winner not in names:
        names.append(decision.winner)
    trials = {name: found.trials for name, found in searches.items()}
    return {
        name: register(
            work,
            trainer,
            basis,
            name,
            backtest.recipes[name],
            trials.get(name, ()),
            backtest,
        )
        for name in names
    }


def _learnt(backtest: Backtest, searches: Mapping[str, Search]) -> list[str]:
    window = f"{backtest.targets[0]} to {backtest.targets[-1]}"
    tried = ", ".join(f"{len(found.trials)} {name}" for name, found in searches.items())
    lines = [f"evaluations: {tried}; {len(backtest.targets)} origins, targets {window}"]
    for name in backtest.recipes:
        if name != PERSISTENCE:
            measured = backtest.metrics(name)
            lines.append(
                f"{name}: CRPS {measured['crps_skill']:+.2f} % against persistence (DM "
                f"{measured['dm_crps']:.1f}), RMSE {measured['rmse_skill']:+.2f} % against the "
                f"last price (DM {measured['dm_rmse']:.1f})"
            )
    return lines


def _decided(ruling: Ruling) -> list[str]:
    decision = ruling.decision
    refused = [
        f"{verdict.name}: {reason}"
        for verdict in decision.verdicts
        if not verdict.passed
        for reason in verdict.reasons
    ]
    return [decision.reason, *refused]
