"""`make backtest`: the recipes, persistence and the earlier system on the same origins."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date

from canasta.deliver.backtest.files import Figures, backtest_json, figures, seeds_json
from canasta.deliver.backtest.page import PageFacts, page
from canasta.deliver.backtest.verdict import decision_sentence
from canasta.errors import SettingsError
from canasta.forecast.distribution import Distribution
from canasta.forecast.evaluation.backtest import Backtest
from canasta.forecast.evaluation.earlier import RECIPES as EARLIER
from canasta.forecast.evaluation.earlier import earlier_forecasts
from canasta.forecast.evaluation.origins import Window
from canasta.forecast.evaluation.scored import Scored
from canasta.forecast.evaluation.slices import Slice, by_group, groups_of, worse_by_chance
from canasta.forecast.evaluation.vintages import Vintages
from canasta.forecast.outlook import HORIZONS
from canasta.forecast.panel import Panel
from canasta.forecast.recipe import PERSISTENCE, Recipe
from canasta.registry.evidence import gather
from canasta.registry.gate import decide
from canasta.registry.pointer import current
from canasta.registry.steps import Ruling
from canasta.settings import SEED_LIMIT
from canasta.store import store_for
from orchestration.comparison_tables import by_seed, by_slice, overall
from orchestration.flows.contest import champion_recipe, contestant_name, vintages_of, window_of
from orchestration.slice_tables import verdict_line
from orchestration.tasks.learn import CHAMPION, back_test, search_recipe
from orchestration.unfinished import Unfinished
from orchestration.workspace import Workspace, reading

JSON, PAGE, SEEDS_JSON = "backtest.json", "backtest.html", "backtest-seeds.json"
MOST_SEEDS = 100
_SEEDS = re.compile(r"([0-9]{1,10})(?:-([0-9]{1,10}))?")

LEGEND = (
    "RMSE is of the mean and MAE of the median, both against the last price; CRPS and Winkler "
    "(95 % range) are against persistence's distribution, AUC and ECE (calibration error) are of "
    "P(change). Positive skills and DM are better, Winkler is below 1. The earlier system is "
    "scored as it was served."
)


@dataclass(frozen=True)
class _Compared:
    """A back-test with one seed, what the gate says of it, and the parts it was made of."""

    panel: Panel
    window: Window
    backtest: Backtest
    ruling: Ruling
    unfinished: Unfinished


def print_comparison(since: str | None, until: str | None, seeds: str | None) -> None:
    """Search both recipes, back-test all contestants; print the figures and write them down.

    Neither lake nor registry is changed. The search sees only targets before the first origin.
    Interrupted, the next one goes on from the searches and fits that were done.

    Args:
        since: first target date, as YYYY-MM-DD; the window's by default.
        until: last target date; the window's by default.
        seeds: such as `1-5` or `1,4`, each compared alone; SEED by default.

    Raises:
        SettingsError: a date or the seeds cannot be read.
        TooLittleHistory: nothing can be evaluated there.
    """
    work, bounds = reading(), (_date(since), _date(until))
    if seeds is None:
        alone = _compare(work, *bounds)
        made = [alone]
        _tell(work, alone.panel, _with_earlier(work, alone), alone.ruling)
    else:
        measured = {}
        made = []
        for seed in seeds_of(seeds):
            work.display.print(f"Seed {seed}")
            made.append(_compare(work.with_seed(seed), *bounds))
            measured[seed] = figures(made[-1].backtest)
        _tell_seeds(work, made[-1].backtest, measured)
    for one in made:  # not before all are told: until then every part may be needed again
        one.unfinished.discard()


def _compare(work: Workspace, since: date | None, until: date | None) -> _Compared:
    vintages = vintages_of(work, HORIZONS)
    panel = vintages.newest.panel
    window = window_of(work, panel).bounded(panel, since, until)
    unfinished = Unfinished(work.settings.reports_dir, _decides(work, window))
    if unfinished.parts:
        work.display.print(f"Going on from {unfinished.parts} parts of an interrupted back-test.")
    champion = champion_recipe(current(work.store))
    recipes = _searched(work, vintages, window, unfinished)
    candidates, incumbent = list(recipes), contestant_name(champion)
    if incumbent == CHAMPION and champion is not None:
        recipes[CHAMPION] = champion
    measured = back_test.fn(work, vintages, window, recipes, unfinished)
    evidence = gather(measured, incumbent, candidates)
    margins = work.parameters.gate
    ruling = Ruling(evidence, margins, decide(evidence, margins))
    return _Compared(panel, window, measured, ruling, unfinished)


def _decides(work: Workspace, window: Window) -> dict[str, object]:
    lineage = work.lineage().as_dict()
    del lineage["as_of"]  # the fingerprint tells what was known
    return {
        "lineage": lineage,
        "lake": work.store.url,
        "commodity": work.commodity.model_dump(),
        "parameters": work.parameters.model_dump(),
        "window": vars(window),
        "evaluations": [work.settings.max_evals, work.settings.tuning_seconds],
    }


def _searched(
    work: Workspace, vintages: Vintages, window: Window, unfinished: Unfinished
) -> dict[str, Recipe]:
    """Search each algorithm, unless that was done before the interruption."""
    recipes = {}
    for algorithm in work.parameters.space:
        recipe = unfinished.recipe(algorithm)
        if recipe is None:
            # From the start of params.toml, not from the champion, which was chosen on such
            # targets.
            recipe = search_recipe.fn(work, vintages, window, algorithm, None).best.recipe
            unfinished.keep_recipe(recipe)
        recipes[algorithm] = recipe
    return recipes


def _with_earlier(work: Workspace, compared: _Compared) -> Backtest:
    """Add the earlier system, which forecasts a price of the next publication and no more."""
    backtest = compared.backtest
    scored = {}
    for name, recipe in EARLIER.items():
        with work.display.step(f"Back-test {name}"):
            prices = earlier_forecasts(compared.panel, recipe, compared.window, work.settings.seed)
        scored[name] = Scored.empty(*backtest.changes.shape)
        everyone = slice(None)
        for at, (price, last) in enumerate(zip(prices.T, backtest.last.T, strict=True)):
            certain = Distribution.certain(price - last)
            scored[name].put(0, everyone, at, certain, backtest.changes[0, :, at])
    return replace(
        backtest,
        recipes={**backtest.recipes, **EARLIER},
        scored={**backtest.scored, **scored},
    )


def _tell(work: Workspace, panel: Panel, backtest: Backtest, ruling: Ruling) -> None:
    measured = figures(backtest)
    models = [name for name in backtest.recipes if name not in EARLIER]
    for horizon in backtest.horizons:
        shown = list(backtest.recipes) if horizon == 1 else models
        work.display.print(overall(measured, shown, horizon, work.commodity.unit))
    rivals = [name for name in models if name != PERSISTENCE]
    work.display.print(by_slice(backtest, rivals))
    groups = groups_of(panel.keys, work.commodity)
    for name in rivals:
        _tell_worse(work, name, by_group(backtest, name, groups))
    work.display.print(f"{_basis(work, backtest)}; seed {work.settings.seed}. {LEGEND}")
    work.display.print(f"The gate on this evidence: {ruling.decision.reason}")
    if CHAMPION in backtest.recipes:
        work.display.print("The champion was chosen on some of these targets, which flatters it.")
    _write(work, JSON, backtest_json(backtest, work.settings.seed, ruling))
    facts = PageFacts(
        commodity=work.commodity.title,
        unit=work.commodity.unit,
        seed=work.settings.seed,
        evaluations=work.settings.max_evals,
        refit_every=work.settings.retrain_every,
        made_on=work.settings.today(),
        simulated=work.simulated,
        decision=decision_sentence(ruling.decision),
        panel=panel,
    )
    _write(work, PAGE, page(backtest, facts).encode())


def _tell_worse(work: Workspace, name: str, found: Sequence[Slice]) -> None:
    """Name the groups that a contestant serves worse than the last price does."""
    worse = [one for one in found if one.worse]
    named = "; ".join(f"{one.group} ({', '.join(one.worse)})" for one in worse) or "none"
    line = verdict_line(found, worse_by_chance(found))
    work.display.print(f"{name}, groups served worse: {named}. {line}\n")


def _tell_seeds(work: Workspace, backtest: Backtest, measured: Mapping[int, Figures]) -> None:
    rivals = [name for name in backtest.recipes if name != PERSISTENCE]
    for horizon in backtest.horizons:
        for name in rivals:
            work.display.print(by_seed(measured, name, horizon, work.commodity.unit))
    seeds = ", ".join(str(seed) for seed in measured)
    work.display.print(f"{_basis(work, backtest)}; seeds {seeds}. {LEGEND}")
    _write(work, SEEDS_JSON, seeds_json(backtest, measured))


def _basis(work: Workspace, backtest: Backtest) -> str:
    return (
        f"Targets {backtest.targets[0]} to {backtest.targets[-1]}, {len(backtest.targets)} "
        f"origins, refitted every {work.settings.retrain_every}; {work.settings.max_evals} "
        "evaluations of each algorithm"
    )


def _write(work: Workspace, name: str, content: bytes) -> None:
    reports = store_for(str(work.settings.reports_dir))
    reports.replace(name, content)
    work.display.print(f"Written: {reports.location(name)}")


def _date(text: str | None) -> date | None:
    try:
        return date.fromisoformat(text) if text else None
    except ValueError:
        raise SettingsError(f"{text!r} is no date; write it as YYYY-MM-DD.") from None


def seeds_of(text: str) -> list[int]:
    """Read seeds such as `1-5` or `1,4,7`.

    Raises:
        SettingsError: it names none, too many, one twice, or one that SEED could not be.
    """
    seeds: list[int] = []
    for part in text.replace(",", " ").split():
        found = _SEEDS.fullmatch(part)
        if found is None:
            raise SettingsError(f"SEEDS={text!r} cannot be read; write 1-5, or 1,4,7.")
        first = int(found[1])
        named = range(first, int(found[2] or first) + 1)
        if not named or named[-1] >= SEED_LIMIT or len(named) + len(seeds) > MOST_SEEDS:
            raise SettingsError(
                f"SEEDS={text!r} must name at most {MOST_SEEDS} seeds, each below {SEED_LIMIT}, "
                "the smaller end of a range first."
            )
        seeds += named
    if not seeds or len(set(seeds)) < len(seeds):
        raise SettingsError(f"SEEDS={text!r} must name at least one seed, and none twice.")
    return seeds
