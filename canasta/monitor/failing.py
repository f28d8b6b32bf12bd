"""When live outcomes take the title from a champion: a pure rule, and what it rests on."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import pandas as pd

from canasta.forecast.recipe import PERSISTENCE
from canasta.monitor.live import LiveSkill, live_skill
from canasta.parameters import LiveParameters
from canasta.registry.tenure import Tenure

HORIZON = 1
"""Publications ahead: by these forecasts a champion is judged, here as in the gate."""


@dataclass(frozen=True)
class LiveRuling:
    """What a champion's outcomes say of it.

    Attributes:
        skill: of the newest publications of its reign.
        margins: of the rule.
        fails: whether it is to lose the title.
        reason: one sentence for people.
    """

    skill: LiveSkill
    margins: LiveParameters
    fails: bool
    reason: str

    def as_dict(self) -> dict[str, Any]:
        """Return evidence, margins and decision as JSON-ready values, for records."""
        return {
            "evidence": self.skill.as_dict(),
            "margins": self.margins.model_dump(),
            "decision": {"action": "rollback" if self.fails else "keep", "reason": self.reason},
        }


def of_reign(
    outcomes: pd.DataFrame, tenure: Tenure, most: int, horizon: int = HORIZON
) -> pd.DataFrame:
    """Return the outcomes of the newest publications, `most` at most, of a recipe's reign.

    Forecasts over one horizon that a version of it published while it held the title.
    """
    ours = outcomes[
        (outcomes["horizon"] == horizon)
        & outcomes["version"].isin(tenure.versions)
        & (outcomes["origin"] >= tenure.since)
    ]
    newest = sorted(ours["target"].unique())[-most:]
    return ours[ours["target"].isin(newest)]


def judge_live(
    outcomes: pd.DataFrame, tenure: Tenure, margins: LiveParameters
) -> LiveRuling | None:
    """Say whether the champion fails: worse than persistence by CRPS, beyond chance.

    Args:
        outcomes: as `read_outcomes` returns them.
        tenure: the champion's.
        margins: of the rule.

    Returns:
        The ruling; None where too few publications of its reign are scored, and of persistence.
    """
    if tenure.recipe.algorithm == PERSISTENCE:
        return None
    skill = live_skill(of_reign(outcomes, tenure, margins.most), HORIZON)
    if skill is None or skill.publications < margins.least:
        return None
    found = skill.by_crps
    fails = found.skill < 0 and found.dm < -margins.dm  # NaN is no evidence
    return LiveRuling(skill, margins, fails, _reason(tenure, skill, margins, fails=fails))


def _reason(tenure: Tenure, skill: LiveSkill, margins: LiveParameters, *, fails: bool) -> str:
    verdict = "fails" if fails else "holds"
    return (
        f"{tenure.recipe.algorithm} {verdict}: over its last {skill.publications} publications, "
        f"{skill.first} to {skill.last}, its live CRPS lies {abs(skill.by_crps.skill):.2f} % "
        f"{'above' if skill.by_crps.skill < 0 else 'below'} persistence's (DM "
        f"{skill.by_crps.dm:.2f}; under -{margins.dm:g} it loses the title)."
    )
