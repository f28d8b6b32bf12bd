"""Tasks that search, back-test, judge and register."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from matplotlib.figure import Figure
from prefect import task
from prefect.cache_policies import NO_CACHE

from canasta.forecast.evaluation.backtest import Backtest, run
from canasta.forecast.evaluation.blocks import Blocks
from canasta.forecast.evaluation.origins import Window
from canasta.forecast.evaluation.vintages import Vintages
from canasta.forecast.recipe import Recipe
from canasta.forecast.training import Fitted, Trainer
from canasta.forecast.tuning import Budget, Search, Trial, search
from canasta.registry.bundle import Bundle, bundle_sha256
from canasta.registry.gate import Evidence, decide
from canasta.registry.plots import backtest_figures, feature_importance
from canasta.registry.steps import Basis, Ruling
from orchestration.workspace import Workspace

CHAMPION = "champion"
"""The contestant's name of the recipe that holds the title."""


@task(name="search", task_run_name="search-{algorithm}", cache_policy=NO_CACHE)
def search_recipe(
    work: Workspace, vintages: Vintages, window: Window, algorithm: str, champion: Recipe | None
) -> Search:
    """Search the hyper-parameters of one algorithm on targets before the first origin."""
    budget = Budget(work.settings.max_evals, work.settings.tuning_seconds)
    with work.display.step(f"Search {algorithm}", budget.max_evals) as told:
        best = float("inf")

        def tell(trial: Trial) -> None:
            nonlocal best
            best = min(best, trial.crps)
            told(f"CRPS {best:.5f} in the folds, {trial.number + 1} evaluations")

        known = vintages.at(window.first)
        return search(algorithm, known, window.first, work.parameters, budget, champion, tell)


@task(name="backtest", cache_policy=NO_CACHE)
def back_test(
    work: Workspace,
    vintages: Vintages,
    window: Window,
    recipes: Mapping[str, Recipe],
    blocks: Blocks | None = None,
) -> Backtest:
    """Let the recipes and persistence compete on the same origins.

    Args:
        work: the workspace.
        vintages: the history.
        window: the origins.
        recipes: by the contestant's name.
        blocks: where parts that were made are kept, and looked for.
    """
    fits = (len(recipes) + 1) * len(window.refits)
    slices = tuple(work.commodity.slice_of(key) for key in vintages.newest.panel.keys)
    with work.display.step("Back-test", fits) as told:
        result = run(vintages, recipes, window, slices, told, blocks)
        told(f"{len(window.origins)} origins, {len(result.recipes)} contestants")
    return result


@task(name="gate", cache_policy=NO_CACHE)
def judge(work: Workspace, evidence: Evidence) -> Ruling:
    """Decide who holds the title."""
    with work.display.step("Gate") as told:
        margins = work.parameters.gate
        decision = decide(evidence, margins)
        told(decision.reason)
    return Ruling(evidence, margins, decision)


@task(name="register", task_run_name="register-{name}", cache_policy=NO_CACHE)
def register(
    work: Workspace,
    trainer: Trainer,
    basis: Basis,
    name: str,
    recipe: Recipe,
    trials: Sequence[Trial] = (),
    backtest: Backtest | None = None,
) -> int:
    """Fit a recipe on the whole history and register it as a version; return its number.

    A version with the very same bundle is taken instead: a run that was killed made it.

    Args:
        work: the workspace.
        trainer: the history.
        basis: what the run rests on.
        name: of the contestant.
        recipe: its recipe.
        trials: of the search that found it.
        backtest: in which the contestant was measured, if there was one.
    """
    with work.display.step(f"Fit and register {name}") as told:
        fitted = trainer.fit(recipe, len(trainer.panel.dates) - 1)
        metrics = {} if backtest is None else backtest.metrics(name)
        bundle = _bundle(basis, trainer, fitted, metrics)
        known = work.registry.tracking.version_of(bundle_sha256(bundle))
        if known is not None:
            told(f"version {known}, registered before")
            return known
        with work.registry.tracking.run(
            f"{name} {basis.panel.origin}", _tags(basis, name, recipe), _parameters(work, recipe)
        ) as tracked:
            dataset = f"{work.commodity.name}-{basis.source}"
            tracked.log_dataset(dataset, work.store.url, basis.lineage.fingerprint)
            tracked.log_trials(trials)
            tracked.log_metrics(metrics)
            if backtest is not None:
                tracked.log_json("slices.json", _by_slice(backtest, name))
                tracked.log_figures(_figures(backtest, name, fitted, work.commodity.unit))
            version = tracked.register(fitted, bundle)
        told(f"version {version}")
    return version


def _bundle(basis: Basis, trainer: Trainer, fitted: Fitted, metrics: Mapping[str, float]) -> Bundle:
    return Bundle(
        predictor=fitted.predictor,
        trained_from=basis.panel.dates[0],
        trained_to=basis.panel.origin,
        source=basis.source,
        lineage=basis.lineage,
        training=trainer.parameters.model_dump(),
        metrics=metrics,
    )


def _tags(basis: Basis, name: str, recipe: Recipe) -> dict[str, str]:
    return {
        "algorithm": recipe.algorithm,
        "contestant": name,
        "origin": basis.panel.origin.isoformat(),
        "source": basis.source,
        "features": recipe.features,
        **{name: str(value) for name, value in basis.lineage.as_dict().items()},
    }


def _parameters(work: Workspace, recipe: Recipe) -> dict[str, Any]:
    return {"recipe": dict(recipe.params), "settings": work.parameters.model_dump()}


def _figures(backtest: Backtest, name: str, fitted: Fitted, unit: str) -> dict[str, Figure]:
    importance = feature_importance(fitted)
    drawn = {} if importance is None else {"importance": importance}
    return backtest_figures(backtest, name, unit) | drawn


def _by_slice(backtest: Backtest, name: str) -> dict[str, dict[str, float]]:
    return {part: backtest.metrics(name, part) for part in backtest.parts}
