"""`reports/index.html` of MONITOR_DIR: how everything does, on one page in Spanish.

It loads nothing from elsewhere, and leads to the archive's reports beside it, from the disk too.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from canasta.deliver.backtest.page import RANGES
from canasta.deliver.backtest.page import TEMPLATES as SHARED
from canasta.deliver.messages.alerts import later
from canasta.deliver.monitor.decided import changes_of_champion, decided
from canasta.deliver.monitor.facts import Facts
from canasta.deliver.monitor.pictures import (
    SEVERITIES,
    SKILLS,
    coverage_picture,
    drift_picture,
    saved_picture,
    skill_picture,
)
from canasta.deliver.monitor.summary import HEADLINES, points, worst
from canasta.deliver.monitor.tables import (
    check_rows,
    day_rows,
    held_rows,
    skill_rows,
)
from canasta.deliver.monitor.told import told_rows, waiting_rows
from canasta.deliver.templating import rendered
from canasta.monitor.archive import DRIFT
from canasta.monitor.drift_spanish import SEVERITIES as SEVERITY_NAMES
from canasta.monitor.trailing import trailing

TEMPLATES = Path(__file__).resolve().parent / "templates"
TEMPLATE = "monitor.html"
DAYS, DECISIONS, MESSAGES = 20, 12, 12
"""Rows that are open to see; publications and decisions beyond that are folded away."""
MISSING = 5
"""Dates without a publication that are listed, the newest."""


def page(facts: Facts) -> str:
    """Return the page as one HTML document; equal facts give equal text."""
    zone = facts.commodity.time_zone
    state = points(facts)
    days, log = day_rows(facts), decided(facts.decisions, zone)
    return rendered(
        TEMPLATE,
        [TEMPLATES, SHARED],
        facts=facts,
        title=f"{facts.commodity.title}: ¿cómo va?",
        level=worst(state),
        headline=HEADLINES[worst(state)],
        points=state,
        live=_live(facts),
        skills=skill_rows(facts),
        drift=_drift(facts),
        log=(log[:DECISIONS], log[DECISIONS:]),
        days=(days[:DAYS], days[DAYS:]),
        held=held_rows(facts),
        confirming=later(facts.confirmations),
        waiting=waiting_rows(facts.waiting, zone),
        marks=SEVERITIES,
        missing_shown=MISSING,
        told=told_rows(facts.told[:MESSAGES], zone),
    )


def _live(facts: Facts) -> dict[str, Any] | None:
    """Return what is shown of the published forecasts; None before any is scored."""
    found = trailing(facts.outcomes, facts.rule.least)
    if found is None:
        return None
    changes = changes_of_champion(facts.decisions)
    return {
        "length": found.length,
        "few": len(found.targets) < found.length,
        "publications": len(found.targets),
        "legend": [(title, mark) for title, _, mark in SKILLS],
        "ranges": RANGES,
        "skill": skill_picture(found, changes),
        "saved": saved_picture(found, changes),
        "coverage": coverage_picture(found),
    }


def _drift(facts: Facts) -> dict[str, Any] | None:
    """Return what is shown of the drift checks; None before the first."""
    if not facts.drift:
        return None
    last = facts.drift[-1]
    return {
        "day": last.as_of,
        "checks": check_rows(last),
        "page": facts.reports.get(DRIFT, {}).get(last.as_of, ""),
        "picture": drift_picture(facts.drift),
        "legend": [(SEVERITY_NAMES[severity], mark) for severity, mark in SEVERITIES.items()],
        "counts": [
            (SEVERITY_NAMES[severity], sum(one.severity is severity for one in facts.drift))
            for severity in SEVERITIES
        ],
        "publications": len(facts.drift),
    }
