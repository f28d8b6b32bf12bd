"""The gate: from evidence to decision, without reading or writing anything.

A recipe takes the title only on evidence. Whatever is missing, not a number or too little counts
against the newcomer: the gate fails closed.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from enum import StrEnum
from typing import Any

from canasta.forecast.evaluation.metrics import Comparison
from canasta.forecast.recipe import PERSISTENCE
from canasta.parameters import GateParameters


@dataclass(frozen=True)
class Candidate:
    """A recipe that wants the title.

    Attributes:
        name: of the contestant in the back-test.
        recipe_id: of the recipe.
        against_persistence: by CRPS, over all series.
        rmse_skill: percent by which the RMSE of its mean lies below the last price's.
        against_champion: by CRPS; None where there is no champion or it is persistence.
        slices: by CRPS and slice, against the incumbent: the champion, or persistence.
        banned_for: publications for which it may not win yet, since live outcomes took the title
            from it; 0 for most.
    """

    name: str
    recipe_id: str
    against_persistence: Comparison
    rmse_skill: float
    against_champion: Comparison | None
    slices: Mapping[str, Comparison]
    banned_for: int = 0


@dataclass(frozen=True)
class Champion:
    """The recipe that holds the title; compared by CRPS."""

    name: str
    recipe_id: str
    is_persistence: bool
    against_persistence: Comparison


@dataclass(frozen=True)
class Evidence:
    """What the back-test says, all on the same origins."""

    origins: int
    champion: Champion | None
    candidates: tuple[Candidate, ...]

    def as_dict(self) -> dict[str, Any]:
        """Return the evidence as plain values, for records."""
        return asdict(self)


class Action(StrEnum):
    """What follows from a decision."""

    PROMOTE = "promote"
    """The winner takes the title."""
    REFRESH = "refresh"
    """The champion keeps the title; its recipe is refitted on all data as a new version."""
    KEEP = "keep"
    """The evidence is unsound: nothing changes."""


@dataclass(frozen=True)
class Verdict:
    """Whether one candidate passes every test, and why or why not."""

    name: str
    passed: bool
    reasons: tuple[str, ...]


@dataclass(frozen=True)
class Decision:
    """Who holds the title from now on.

    Attributes:
        action: what to do.
        winner: name of the contestant that holds the title after it.
        reason: one sentence for people.
        verdicts: one for each candidate, in the order of the evidence.
    """

    action: Action
    winner: str
    reason: str
    verdicts: tuple[Verdict, ...]

    def as_dict(self) -> dict[str, Any]:
        """Return the decision as plain values, for records."""
        return asdict(self)


@dataclass(frozen=True)
class _Test:
    """One margin and how a candidate stands to it."""

    passed: bool
    reason: str


def decide(evidence: Evidence, margins: GateParameters) -> Decision:
    """Say who holds the title.

    A candidate passes when it beats persistence by `crps_skill` percent of CRPS with a
    Diebold-Mariano statistic above `dm_persistence` and by more than `rmse_skill` percent of RMSE,
    beats a champion that is a model by `crps_champion` percent of CRPS with a statistic above
    `dm_champion`, is on no slice worse than the incumbent by more than `slice_loss` percent
    with a statistic below -`slice_dm`, and is not banned. Of several, the best CRPS skill wins.
    Without one, the champion keeps the title unless it no longer beats persistence.
    """
    verdicts = tuple(_judge(candidate, evidence, margins) for candidate in evidence.candidates)
    unsound = _unsound(evidence, margins)
    if unsound:
        return _without_evidence(evidence.champion, unsound, verdicts)
    passing = {verdict.name for verdict in verdicts if verdict.passed}
    if passing:
        return _best(evidence, passing, verdicts)
    return _without_challenger(evidence.champion, verdicts)


def _unsound(evidence: Evidence, margins: GateParameters) -> str:
    """Say why nothing can be concluded; empty when something can."""
    if evidence.origins < margins.min_origins:
        return f"{evidence.origins} origins; {margins.min_origins} needed"
    names = [candidate.name for candidate in evidence.candidates]
    if len(set(names)) != len(names):
        return f"two candidates have one name: {', '.join(sorted(names))}"
    champion = evidence.champion
    if champion is None:
        return ""
    if not math.isfinite(champion.against_persistence.skill):
        return f"the CRPS skill of the champion ({champion.name}) is not a number"
    if champion.against_persistence.origins < margins.min_origins:
        return (
            f"the champion ({champion.name}) is scored on "
            f"{champion.against_persistence.origins} origins; {margins.min_origins} needed"
        )
    return ""


def _without_evidence(
    champion: Champion | None, unsound: str, verdicts: tuple[Verdict, ...]
) -> Decision:
    refused = tuple(
        Verdict(verdict.name, False, (f"No conclusion: {unsound}.", *verdict.reasons))
        for verdict in verdicts
    )
    if champion is None:
        reason = f"No conclusion about any model ({unsound}): the last price is the champion."
        return Decision(Action.PROMOTE, PERSISTENCE, reason, refused)
    reason = f"No conclusion ({unsound}): {champion.name} stays, unchanged."
    return Decision(Action.KEEP, champion.name, reason, refused)


def _best(evidence: Evidence, passing: set[str], verdicts: tuple[Verdict, ...]) -> Decision:
    ranked = sorted(
        (candidate for candidate in evidence.candidates if candidate.name in passing),
        key=lambda candidate: (-candidate.against_persistence.skill, candidate.name),
    )
    winner = ranked[0]
    gain = f"CRPS {winner.against_persistence.skill:.2f} % below persistence's"
    over = f" and beats {evidence.champion.name}" if evidence.champion else ""
    return Decision(Action.PROMOTE, winner.name, f"{winner.name} wins: {gain}{over}.", verdicts)


def _without_challenger(champion: Champion | None, verdicts: tuple[Verdict, ...]) -> Decision:
    if champion is None:
        reason = "No candidate beats the last price: persistence is the champion."
        return Decision(Action.PROMOTE, PERSISTENCE, reason, verdicts)
    figure = champion.against_persistence.skill
    if champion.is_persistence:
        reason = "No candidate beats the last price: persistence keeps the title."
        return Decision(Action.REFRESH, champion.name, reason, verdicts)
    if figure <= 0:
        reason = (
            f"{champion.name} no longer beats the last price (CRPS skill {figure:.2f} %) and no "
            "candidate passes: persistence is the champion."
        )
        return Decision(Action.PROMOTE, PERSISTENCE, reason, verdicts)
    reason = (
        f"{champion.name} keeps the title (CRPS {figure:.2f} % below persistence's) and is "
        "refitted on all data: no candidate passes."
    )
    return Decision(Action.REFRESH, champion.name, reason, verdicts)


def _judge(candidate: Candidate, evidence: Evidence, margins: GateParameters) -> Verdict:
    tests = [
        _beats_persistence(candidate.against_persistence, margins),
        _beats_the_last_price(candidate.rmse_skill, margins),
        *_beats_champion(candidate, evidence.champion, margins),
        *_harms_no_slice(candidate.slices, margins),
        *_is_not_banned(candidate),
    ]
    failed = tuple(test.reason for test in tests if not test.passed)
    return Verdict(candidate.name, not failed, failed or tuple(test.reason for test in tests))


def _beats_persistence(figures: Comparison, margins: GateParameters) -> _Test:
    passed = (
        _is_complete(figures, margins)
        and figures.skill >= margins.crps_skill
        and figures.dm > margins.dm_persistence
    )
    needed = f"at least {margins.crps_skill:g} % with DM over {margins.dm_persistence:g} needed"
    return _Test(passed, f"Against persistence: {_figures(figures)}; {needed}.")


def _beats_the_last_price(skill: float, margins: GateParameters) -> _Test:
    passed = math.isfinite(skill) and skill > margins.rmse_skill
    needed = f"more than {margins.rmse_skill:g} % needed"
    return _Test(passed, f"Against the last price: RMSE skill {_number(skill)} %; {needed}.")


def _beats_champion(
    candidate: Candidate, champion: Champion | None, margins: GateParameters
) -> list[_Test]:
    if champion is None or champion.is_persistence:
        return []
    figures = candidate.against_champion
    if figures is None:
        return [_Test(False, f"Not compared with the champion ({champion.name}).")]
    passed = (
        _is_complete(figures, margins)
        and figures.skill >= margins.crps_champion
        and figures.dm > margins.dm_champion
    )
    needed = f"at least {margins.crps_champion:g} % with DM over {margins.dm_champion:g} needed"
    return [_Test(passed, f"Against {champion.name}: {_figures(figures)}; {needed}.")]


def _harms_no_slice(slices: Mapping[str, Comparison], margins: GateParameters) -> list[_Test]:
    if not slices:
        return [_Test(False, "No slice was compared with the incumbent.")]
    limit = f"a loss over {margins.slice_loss:g} % with DM under -{margins.slice_dm:g} refuses"
    harmed = [
        _Test(False, f"Slice {name}: {_figures(figures)}; {limit}.")
        for name, figures in sorted(slices.items())
        if not _is_known(figures) or _is_harm(figures, margins)
    ]
    return harmed or [_Test(True, f"None of {len(slices)} slices is harmed; {limit}.")]


def _is_not_banned(candidate: Candidate) -> list[_Test]:
    if candidate.banned_for <= 0:
        return []
    reason = (
        "Live outcomes took the title from this recipe: it may not win for another "
        f"{candidate.banned_for} publications."
    )
    return [_Test(False, reason)]


def _is_harm(figures: Comparison, margins: GateParameters) -> bool:
    return figures.skill < -margins.slice_loss and figures.dm < -margins.slice_dm


def _is_known(figures: Comparison) -> bool:
    return math.isfinite(figures.skill) and math.isfinite(figures.dm)


def _is_complete(figures: Comparison, margins: GateParameters) -> bool:
    return _is_known(figures) and figures.origins >= margins.min_origins


def _figures(figures: Comparison) -> str:
    return (
        f"CRPS skill {_number(figures.skill)} %, DM {_number(figures.dm)}, "
        f"{figures.origins} origins"
    )


def _number(value: float) -> str:
    return f"{value:.2f}" if math.isfinite(value) else "not a number"
