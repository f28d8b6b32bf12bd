"""The tables of the page of watching, as they are written."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime, tzinfo

import pandas as pd

from canasta.deliver.backtest.spanish import NOTHING, figure, long_date, percent, short_day
from canasta.deliver.messages.alerts import REASONS
from canasta.deliver.messages.markup import plain
from canasta.deliver.messages.wording import full_day
from canasta.deliver.monitor.decided import algorithms
from canasta.deliver.monitor.facts import Facts
from canasta.deliver.outbox import How, Told, Waiting
from canasta.ingest.quarantine import Quarantined
from canasta.monitor.archive import DRIFT, PERFORMANCE
from canasta.monitor.drift_spanish import SEVERITIES, check_name, figures
from canasta.monitor.live import LiveSkill, by_version, live_skill
from canasta.monitor.verdict import Check, Severity, Verdict

HELD_BACK = {How.REFUSED: "rechazado por Telegram", How.GIVEN_UP: "esperó demasiado"}
HOWS = {How.SENT: "enviado", How.LOGGED: "en messages.log", **HELD_BACK}
MESSAGES = {
    "digest": "Resumen de la publicación",
    "decision": "Cambio de campeón",
    "drift": "Mercado fuera de lo común, publicación",
    "quarantine": "Cuarentena",
    "revision": "Precios corregidos por la fuente",
    "failure": "Corrida fallida",
    "late": "No llegó la publicación",
    "unwritten": "Nada entra después de la publicación",
    "layout": "Cambió la forma del archivo",
}
"""What messages tell, by the first word of their keys."""
_DAY = re.compile(r"(?<=-)\d{4}-\d{2}-\d{2}(?=-|$)")
LONGEST = 110
"""Characters of a waiting message that are shown."""


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
    """One block in quarantine."""

    day: str
    first_seen: str
    reasons: tuple[str, ...]
    accept: str


@dataclass(frozen=True, slots=True)
class MessageRow:
    """One message: what it tells, when, and what became of it."""

    title: str
    when: str
    became: str


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
    return [_held_row(one) for one in reversed(facts.held)]


def waiting_rows(waiting: tuple[Waiting, ...], zone: tzinfo) -> list[MessageRow]:
    """Return the messages that wait, the oldest first, with what they begin with."""
    return [
        MessageRow(
            message_title(one.message.key), _time(one.since, zone), _beginning(one.message.text)
        )
        for one in waiting
    ]


def told_rows(told: tuple[Told, ...], zone: tzinfo) -> list[MessageRow]:
    """Return the messages that left, in their order."""
    return [
        MessageRow(
            message_title(one.key),
            _time(one.at, zone),
            HOWS[one.how] + (f": {one.reason}" if one.reason else ""),
        )
        for one in told
    ]


def message_title(key: str) -> str:
    """Say what a message with that key tells, and of which day, where the key names one."""
    title, found = MESSAGES.get(key.split("-", 1)[0], key), _DAY.search(key)
    return f"{title} del {_short(date.fromisoformat(found[0]))}" if found else title


def _skill_row(name: str, skill: LiveSkill) -> SkillRow:
    return SkillRow(
        name=name,
        period=f"{_short(skill.first)} a {_short(skill.last)}",
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
        day=_short(day),
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


def _held_row(block: Quarantined) -> HeldRow:
    reasons = dict.fromkeys(_reasons(block))
    return HeldRow(
        day="fecha ilegible" if block.block_date is None else full_day(block.block_date),
        first_seen=long_date(block.first_seen),
        reasons=tuple(reasons),
        accept=f"make quarantine ACCEPT={block.block_date}" if block.block_date else "",
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


def _short(day: date) -> str:
    return f"{short_day(day)} {day.year}"


def _time(when: datetime, zone: tzinfo) -> str:
    there = when.astimezone(zone)
    return f"{long_date(there)}, {there:%H:%M}"


def _beginning(text: str) -> str:
    said = " ".join(plain(text).split())
    return said if len(said) <= LONGEST else f"{said[:LONGEST].rstrip()}…"
