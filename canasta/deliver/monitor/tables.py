"""The tables of the page of watching, as they are written."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date

import pandas as pd

from canasta.commodity import Commodity
from canasta.deliver.backtest.spanish import NOTHING, figure, percent, short_date
from canasta.deliver.messages.alerts import REASONS, accepting
from canasta.deliver.messages.wording import full_day
from canasta.deliver.monitor.decided import algorithms
from canasta.deliver.monitor.facts import Facts
from canasta.ingest.quarantine import Quarantined, is_acceptable
from canasta.monitor.archive import DRIFT, PERFORMANCE
from canasta.monitor.drift_spanish import SEVERITIES, check_name, figures
from canasta.monitor.live import LiveSkill, by_version, live_skill
from canasta.monitor.verdict import Check, Severity, Verdict


@dataclass(frozen=True, slots=True)
class SkillRow:
    """Published forecasts beside what came, as written."""

    name: str
    period: str
    publications: str
    mae: str
    last_mae: str
    rmse_skill: str
    crps_skill: str
    dm: str
    coverage_80: str
    coverage_95: str
    behind: bool


@dataclass(frozen=True, slots=True)
class CheckRow:
    """One drift check: as written, and in percent of its threshold, 100 at most."""

    name: str
    value: str
    threshold: str
    severity: Severity
    told: str
    bar: float


@dataclass(frozen=True, slots=True)
class DayRow:
    """One publication: what came of its forecasts, and links to its reports."""

    day: str
    forecasts: str
    mae: str
    last_mae: str
    crps_skill: str
    coverage_95: str
    behind: bool
    severity: Severity | None
    drift: str
    drift_page: str
    performance_page: str


@dataclass(frozen=True, slots=True)
class HeldRow:
    """One block in quarantine; `accept` is empty where it cannot be accepted."""

    day: str
    first_seen: str
    reasons: tuple[str, ...]
    accept: str


def skill_rows(facts: Facts) -> list[tuple[str, list[SkillRow]]]:
    """Return rows by heading: each horizon, and each version one publication ahead."""
    outcomes = facts.outcomes
    if outcomes.empty:
        return []
    named = algorithms(facts.decisions)
    horizons = [int(horizon) for horizon in sorted(outcomes["horizon"].unique())]
    ahead = [(horizon, live_skill(outcomes, horizon)) for horizon in horizons]
    versions = sorted(by_version(outcomes).items(), reverse=True)
    return [
        (
            "Según qué tan lejos se pronosticó",
            [_skill_row(_ahead(horizon), skill) for horizon, skill in ahead if skill is not None],
        ),
        (
            "Por versión del modelo, publicación siguiente",
            [_skill_row(_version(number, named), skill) for number, skill in versions],
        ),
    ]


def check_rows(verdict: Verdict) -> list[CheckRow]:
    """Return the checks of a verdict in their order."""
    return [_check_row(one) for one in verdict.checks]


def day_rows(facts: Facts) -> list[DayRow]:
    """Return the publications that were scored or checked, the newest first."""
    scored = _by_target(facts.outcomes)
    checked = {one.as_of: one for one in facts.drift}
    pages = facts.reports
    return [
        _day_row(day, scored.get(day), checked.get(day), pages)
        for day in sorted({*scored, *checked}, reverse=True)
    ]


def held_rows(facts: Facts) -> list[HeldRow]:
    """Return the blocks that wait in quarantine, the newest file first."""
    return [_held_row(one, facts.commodity) for one in reversed(facts.held)]


def _skill_row(name: str, skill: LiveSkill) -> SkillRow:
    return SkillRow(
        name=name,
        period=f"{short_date(skill.first)} a {short_date(skill.last)}",
        publications=f"{skill.publications:,}",
        mae=figure(skill.mae, ".3f"),
        last_mae=figure(skill.last_mae, ".3f"),
        rmse_skill=_signed(skill.by_rmse.skill),
        crps_skill=_signed(skill.by_crps.skill),
        dm=_signed(skill.by_crps.dm),
        coverage_80=percent(skill.coverage_80),
        coverage_95=percent(skill.coverage_95),
        behind=_is_behind(skill),
    )


def _check_row(check: Check) -> CheckRow:
    value, threshold = (one.replace("%", " %") for one in figures(check))
    known = math.isfinite(check.value) and math.isfinite(check.threshold) and check.threshold > 0
    bar = min(100.0, max(0.0, 100 * check.value / check.threshold)) if known else 0.0
    name = check_name(check.name)
    return CheckRow(
        name[:1].upper() + name[1:], value, threshold, check.severity, SEVERITIES[check.severity],
        round(bar, 1),
    )  # fmt: skip


def _by_target(outcomes: pd.DataFrame) -> dict[date, LiveSkill]:
    if outcomes.empty:
        return {}
    days = outcomes["target"]
    parts = {day: live_skill(outcomes[days == day]) for day in days.unique()}
    return {day: skill for day, skill in parts.items() if skill is not None}


def _day_row(
    day: date,
    skill: LiveSkill | None,
    verdict: Verdict | None,
    pages: Mapping[str, Mapping[date, str]],
) -> DayRow:
    return DayRow(
        day=short_date(day),
        forecasts=NOTHING if skill is None else f"{skill.forecasts:,}",
        mae=NOTHING if skill is None else figure(skill.mae, ".3f"),
        last_mae=NOTHING if skill is None else figure(skill.last_mae, ".3f"),
        crps_skill=NOTHING if skill is None else _signed(skill.by_crps.skill),
        coverage_95=NOTHING if skill is None else percent(skill.coverage_95),
        behind=skill is not None and _is_behind(skill),
        severity=None if verdict is None else verdict.severity,
        drift=NOTHING if verdict is None else SEVERITIES[verdict.severity],
        drift_page=pages.get(DRIFT, {}).get(day, ""),
        performance_page=pages.get(PERFORMANCE, {}).get(day, ""),
    )


def _held_row(block: Quarantined, commodity: Commodity) -> HeldRow:
    reasons, day = dict.fromkeys(_reasons(block)), block.block_date
    return HeldRow(
        day="fecha ilegible" if day is None else full_day(day),
        first_seen=short_date(block.first_seen),
        reasons=tuple(reasons),
        accept=accepting(day) if day and is_acceptable(block, commodity) else "",
    )


def _reasons(block: Quarantined) -> Iterator[str]:
    return (REASONS.get(one.kind, one.kind) for one in block.reasons)


def _signed(value: float) -> str:
    return figure(round(value, 1) + 0.0, "+.1f")  # adding 0 takes the sign off a zero


def _is_behind(skill: LiveSkill) -> bool:
    return round(skill.by_crps.skill, 1) < 0


def _ahead(horizon: int) -> str:
    return "1 publicación" if horizon == 1 else f"{horizon} publicaciones"


def _version(number: int, named: Mapping[int, str]) -> str:
    return f"{number}, {named[number]}" if number in named else str(number)
