"""Facts made by hand: a year that is young, and what may befall it."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, date, datetime
from typing import Any

import pandas as pd

from canasta.commodity import Commodity
from canasta.deliver.messages.wording import Marks
from canasta.deliver.monitor.facts import Facts
from canasta.ingest.lake import Gaps
from canasta.monitor.freshness import Freshness
from canasta.monitor.last_run import LastRun
from canasta.monitor.live import live_skill
from canasta.monitor.verdict import Check, Severity, Verdict
from canasta.parameters import LiveParameters
from canasta.registry.decisions import Kind, Record
from canasta.registry.objects import ObjectRef
from canasta.registry.pointer import Pointer, Title
from tests.unit.monitor.test_live import RECIPE, outcomes
from tests.unit.registry.builders import LINEAGE

NOON = datetime(2025, 2, 3, 18, 0, tzinfo=UTC)
RULE = LiveParameters(least=6, most=10, dm=1.64, ban=20)
REF = ObjectRef("panels/x.npz", "0" * 64)


def verdict(day: date, value: float, severity: Severity = Severity.OK) -> Verdict:
    """A verdict of two checks, of which the first may alarm."""
    checks = (
        Check("changed-share", value, 0.5, severity),
        Check("change-window", 0.1, 0.3, Severity.OK),
    )
    return Verdict(day, severity, checks)


def pointer(recipe: Mapping[str, Any] | None = None, version: int = 3) -> dict[str, Any]:
    """A pointer's content, as records hold it."""
    return {"version": version, "recipe": dict(recipe or RECIPE.as_dict())}


def record(
    kind: Kind,
    ruling: Mapping[str, Any] | None = None,
    before: Mapping[str, Any] | None = None,
    after: Mapping[str, Any] | None = None,
    origin: date = date(2025, 1, 6),
) -> Record:
    """A decision."""
    return Record(kind, NOON, "Because.", origin, LINEAGE, ruling, before, after)


def wide(made: pd.DataFrame) -> pd.DataFrame:
    """The same outcomes with ranges that hold what they promise."""
    return made.assign(low_95=made["low_95"] - 2, high_95=made["high_95"] + 2)


def champion() -> Pointer:
    """Version 3 of RECIPE."""
    title = Title("milk", 3, "run", "file:///m", 0.3, RECIPE, REF)
    return Pointer(title, NOON.isoformat(), REF, date(2025, 2, 3), None, None, "decisions/x.json")


def nothing_yet(milk: Commodity) -> Facts:
    """What is known before the first run."""
    return Facts(
        commodity=milk,
        marks=Marks(simulated=False),
        made_at=NOON.astimezone(milk.time_zone),
        lake="/lake",
        publications=(),
        freshness=Freshness(None, ()),
        gaps=Gaps((), ()),
        held=(),
        confirmations=2,
        champion=None,
        skill=None,
        outcomes=outcomes(0.1, 0),
        rule=RULE,
        drift=(),
        reports={},
        decisions=(),
        waiting=(),
        told=(),
        last_run=None,
    )


def in_order(milk: Commodity, made: pd.DataFrame | None = None) -> Facts:
    """What is known when all goes well; or of other outcomes."""
    scored = wide(outcomes(0.1)) if made is None else made
    days = tuple(sorted(scored["target"].unique()))
    ruling = {
        "evidence": {"origins": 60, "champion": None, "candidates": []},
        "decision": {"action": "promote", "winner": "xgboost", "verdicts": []},
    }
    return Facts(
        commodity=milk,
        marks=Marks(simulated=False),
        made_at=NOON.astimezone(milk.time_zone),
        lake="/lake",
        publications=days,
        freshness=Freshness(days[-1], ()),
        gaps=Gaps((), ()),
        held=(),
        confirmations=2,
        champion=champion(),
        skill=live_skill(scored),
        outcomes=scored,
        rule=RULE,
        drift=tuple(verdict(day, 0.2 + 0.01 * at) for at, day in enumerate(days)),
        reports={"drift": {days[-1]: f"drift/{days[-1]}.html"}},
        decisions=(record(Kind.SEARCH, ruling, None, pointer(), days[len(days) // 2]),),
        waiting=(),
        told=(),
        last_run=LastRun(NOON, 0),
    )
