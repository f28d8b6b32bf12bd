"""Tasks that search, back-test, judge and register."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from prefect import task
from prefect.cache_policies import NO_CACHE

from canasta.forecast.backtest import Backtest, Window, run
from canasta.forecast.features import Features
from canasta.forecast.panel import Panel
from canasta.forecast.recipe import Recipe
from canasta.forecast.training import fit_as_of, next_changes
from canasta.forecast.tuning import Search, Trial, search
from canasta.registry.bundle import Bundle
from canasta.registry.evidence import gather
from canasta.registry.gate import decide
from canasta.registry.plots import backtest_figures, feature_importance
from canasta.registry.steps import Basis, Ruling
from orchestration.workspace import Workspace

CHAMPION = "champion"
"""The contestant's name of the recipe that holds the title."""


@dataclass(frozen=True)
class Ground:
    """What a search and its back-test stand on.

    Attributes:
        panel: the history.
        features: of it.
        window: the origins that are evaluated.
    """

    panel: Panel
    features: Features
    window: Window


@task(name="search", task_run_name="search-{algorithm}", cache_policy=NO_CACHE)
def search_recipe(
    work: Workspace, ground: Ground, algorithm: str, champion: Recipe | None
) -> Search:
    """Search the hyper-parameters of one algorithm on targets before the first origin."""
    evaluations = work.settings.max_evals
    with work.display.step(f"Search {algorithm}", evaluations) as told:
        best = float("inf")

        def tell(trial: Trial) -> None:
            nonlocal best
            best = min(best, trial.rmse)
            told(f"RMSE {best:.4f} in the folds, {trial.number + 1} evaluations")

        return search(
            algorithm,
            ground.panel,
            ground.features,
            ground.window.first,
            parameters=work.parameters,
            seed=work.settings.seed,
            max_evals=evaluations,
            seconds=work.settings.tuning_seconds,
            champion=champion,
            told=tell,
        )


@task(name="backtest", cache_policy=NO_CACHE)
def back_test(work: Workspace, ground: Ground, recipes: Mapping[str, Recipe]) -> Backtest:
    """Let the recipes and persistence compete on the same origins."""
    window = ground.window
    fits = (len(recipes) + 1) * len(window.origins[:: window.refit_every])
    with work.display.step("Back-test", fits) as told:
        result = run(
            ground.panel,
            ground.features,
            recipes,
            window,
            parameters=work.parameters.training,
            seed=work.settings.seed,
            slices=tuple(work.commodity.slice_of(key) for key in ground.panel.keys),
            progress=told,
        )
        told(f"{len(window.origins)} origins, {len(result.recipes)} contestants")
    return result


@task(name="gate", cache_policy=NO_CACHE)
def judge(
    work: Workspace, backtest: Backtest, champion: str | None, candidates: Sequence[str]
) -> Ruling:
    """Decide who holds the title."""
    with work.display.step("Gate") as told:
        margins = work.parameters.gate
        evidence = gather(backtest, champion, candidates)
        decision = decide(evidence, margins)
        told(decision.reason)
    return Ruling(evidence, margins, decision)


@task(name="register", task_run_name="register-{name}", cache_policy=NO_CACHE)
def register(
    work: Workspace,
    ground: Ground,
    basis: Basis,
    backtest: Backtest,
    name: str,
    trials: Sequence[Trial],
) -> int:
    """Fit a contestant's recipe on the whole history and register it as a version."""
    panel, recipe = ground.panel, backtest.recipes[name]
    with work.display.step(f"Fit and register {name}") as told:
        fitted = fit_as_of(
            recipe,
            ground.features,
            next_changes(panel),
            len(panel.dates) - 1,
            work.parameters.training,
            work.settings.seed,
        )
        metrics = backtest.metrics(name)
        bundle = Bundle(
            predictor=fitted.predictor,
            trained_from=panel.dates[0],
            trained_to=panel.origin,
            fingerprint=basis.fingerprint,
            seed=work.settings.seed,
            metrics=metrics,
        )
        tags = {
            "algorithm": recipe.algorithm,
            "contestant": name,
            "origin": panel.origin.isoformat(),
            "fingerprint": basis.fingerprint,
            "git_commit": basis.commit,
            "seed": str(basis.seed),
            "features": recipe.features,
        }
        parameters = {
            "recipe": recipe.as_dict()["params"],
            "settings": work.parameters.model_dump(),
        }
        with work.registry.tracking.run(f"{name} {panel.origin}", tags, parameters) as tracked:
            tracked.log_trials(trials)
            tracked.log_metrics(metrics)
            tracked.log_json("slices.json", _by_slice(backtest, name))
            figures = backtest_figures(backtest, name, work.commodity.unit)
            importance = feature_importance(fitted)
            tracked.log_figures(figures | ({"importance": importance} if importance else {}))
            version = tracked.register(fitted, bundle)
        told(f"version {version}")
    return version


def _by_slice(backtest: Backtest, name: str) -> dict[str, dict[str, float]]:
    return {part: backtest.metrics(name, part) for part in backtest.parts}
