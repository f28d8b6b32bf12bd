"""How things stand, in sentences: the first thing that is read."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum

from canasta.deliver.backtest.spanish import contestant, figure, long_date, percent
from canasta.deliver.messages.wording import counted, full_day
from canasta.deliver.monitor.facts import Facts
from canasta.deliver.outbox_files import How, lost_in_a_row
from canasta.forecast.recipe import PERSISTENCE
from canasta.monitor.drift_spanish import check_name
from canasta.monitor.failing import HORIZON
from canasta.monitor.freshness import last_due
from canasta.monitor.live import LiveSkill
from canasta.monitor.verdict import Severity, Verdict

LOW_COVERAGE = 0.90
"""Share of what came within the 95 % range below which the ranges are told to be too narrow."""


class Level(StrEnum):
    """How a point stands, in order."""

    GOOD = "good"
    YET = "yet"
    """Nothing can be said yet."""
    LOOK = "look"
    BAD = "bad"


SIGNS = {Level.GOOD: "✓", Level.YET: "○", Level.LOOK: "▲", Level.BAD: "✖"}
SPOKEN = {
    Level.GOOD: "Bien",
    Level.YET: "Todavía no",
    Level.LOOK: "Atención",
    Level.BAD: "Problema",
}
HEADLINES = {
    Level.GOOD: "Todo en orden",
    Level.YET: "Va empezando: aún faltan resultados",
    Level.LOOK: "Hay algo que mirar",
    Level.BAD: "Hay algo que atender",
}


@dataclass(frozen=True, slots=True)
class Point:
    """One thing to know, and how it stands."""

    level: Level
    topic: str
    told: str

    @property
    def sign(self) -> str:
        """The mark that stands before it."""
        return SIGNS[self.level]

    @property
    def spoken(self) -> str:
        """The mark in a word, for those who do not see it."""
        return SPOKEN[self.level]


def points(facts: Facts) -> list[Point]:
    """Say how things stand, topic by topic."""
    return [
        Point(level, topic, told)
        for topic, (level, told) in {
            "Publicación": _publication(facts),
            "Pronósticos": _forecasts(facts),
            "Rangos": _ranges(facts),
            "Mercado": _market(facts),
            "Cuarentena": _quarantine(facts),
            "Corrida": _run(facts),
            "Mensajes": _messages(facts),
        }.items()
    ]


def worst(told: Sequence[Point]) -> Level:
    """Return how the worst of it stands."""
    return max((one.level for one in told), key=list(Level).index)


def _publication(facts: Facts) -> tuple[Level, str]:
    if not facts.publications:
        return Level.YET, "Todavía no hay ninguna: llega con la primera corrida (make daily)."
    last = f"La última es del {full_day(facts.publications[-1])}"
    found = facts.freshness
    if found is None:
        return Level.GOOD, f"{last}; no se espera otra, porque se repasa el pasado."
    if found.stands_still:
        count = counted(len(found.missed), "publicación esperada", "publicaciones esperadas")
        return Level.BAD, f"{last}; desde entonces faltan {count}. Revise PUBLICATION_URL."
    if found.late is not None:
        return Level.LOOK, f"{last}; la del {full_day(found.late)} se esperaba y no ha llegado."
    following = facts.commodity.publication_calendar.next_after(facts.publications[-1])
    return Level.GOOD, f"{last}; la que sigue se espera el {full_day(following)}."


def _forecasts(facts: Facts) -> tuple[Level, str]:
    champion, skill = facts.champion, facts.skill
    if champion is None:
        return Level.YET, "Todavía no hay campeón: se elige en la primera corrida."
    title = champion.title
    who = f"{contestant(title.recipe.algorithm)}, versión {title.version}"
    if skill is None:
        return Level.YET, (
            f"El campeón es {who}. Sus pronósticos se miden cuando llegue la publicación a la que "
            "apuntan."
        )
    if title.recipe.algorithm == PERSISTENCE:
        return Level.GOOD, "El campeón es el último precio: ningún modelo mostró superarlo."
    return _level_of(skill, facts), f"{who}: {_compared(skill)}{_sureness(skill, facts)}."


def _compared(skill: LiveSkill) -> str:
    found = skill.by_crps
    count = counted(skill.publications, "publicación medida", "publicaciones medidas")
    if math.isnan(found.skill):
        return f"ningún precio se movió en {count}"
    word = "menor" if found.skill >= 0 else "mayor"
    return (
        f"su error (CRPS) es {abs(found.skill):.1f} % {word} que el de la persistencia, en {count}"
    )


def _sureness(skill: LiveSkill, facts: Facts) -> str:
    if skill.publications < facts.rule.least:
        return f"; con menos de {facts.rule.least} todavía dice poco"
    if _fails(skill, facts):
        return "; por eso pierde el título en la próxima corrida que lo mida"
    return f" (DM {figure(skill.by_crps.dm, '.1f')})"


def _level_of(skill: LiveSkill, facts: Facts) -> Level:
    if _fails(skill, facts):
        return Level.BAD
    if skill.publications < facts.rule.least:
        return Level.YET
    return Level.LOOK if skill.by_crps.skill < 0 else Level.GOOD


def _fails(skill: LiveSkill, facts: Facts) -> bool:
    enough = skill.horizon == HORIZON and skill.publications >= facts.rule.least
    return enough and skill.by_crps.skill < 0 and skill.by_crps.dm < -facts.rule.dm


def _ranges(facts: Facts) -> tuple[Level, str]:
    skill = facts.skill
    if skill is None:
        return Level.YET, "Todavía no hay con qué medirlos."
    told = f"El del 95 % contuvo {percent(skill.coverage_95)} de los precios que llegaron"
    narrow = skill.coverage_95 < LOW_COVERAGE and skill.publications >= facts.rule.least
    return (Level.LOOK, f"{told}: son demasiado angostos.") if narrow else (Level.GOOD, f"{told}.")


def _market(facts: Facts) -> tuple[Level, str]:
    if not facts.drift:
        return Level.YET, "Todavía no se ha revisado: se revisa en cada corrida."
    last = facts.drift[-1]
    day = long_date(last.as_of)
    if facts.publications and last.as_of < facts.publications[-1]:
        return Level.LOOK, f"Falta la revisión de la última publicación; la más nueva es del {day}."
    if last.failure:
        return Level.BAD, f"La revisión del {day} no pudo hacerse: {last.failure}"
    names = ", ".join(_worries(last))
    if last.severity is Severity.OK:
        learnt = any(math.isfinite(one.threshold) for one in last.checks)
        if not learnt:
            return Level.YET, "Aún hay poca historia para aprender umbrales."
        return Level.GOOD, f"Se comporta como antes ({day})."
    level = Level.BAD if last.severity is Severity.ALERT else Level.LOOK
    return level, f"Fuera de lo común el {day}: {names}."


def _worries(verdict: Verdict) -> Iterator[str]:
    return (check_name(one.name) for one in verdict.checks if one.severity is not Severity.OK)


def _quarantine(facts: Facts) -> tuple[Level, str]:
    if not facts.held:
        return Level.GOOD, "Nada espera."
    count = counted(len(facts.held), "bloque espera", "bloques esperan")
    return Level.LOOK, f"{count}; sus precios no se usan."


def _run(facts: Facts) -> tuple[Level, str]:
    last = facts.last_run
    if last is None:
        return Level.YET, "Todavía no ha terminado ninguna."
    ended = last.finished.astimezone(facts.made_at.tzinfo)
    told = f"La última terminó el {long_date(ended)} a las {ended:%H:%M}"
    due = last_due(facts.commodity.publication_calendar, facts.made_at)
    if facts.freshness is not None and ended.date() < due:
        return Level.BAD, (
            f"{told}; el {full_day(due)} debió terminar otra. Corra make daily: dice qué falla."
        )
    if not last.failed_steps:
        return Level.GOOD, f"{told}, sin pasos fallidos."
    count = counted(last.failed_steps, "paso fallido", "pasos fallidos")
    return Level.BAD, f"{told}, con {count}: el registro está en Prefect (make prefect)."


def _messages(facts: Facts) -> tuple[Level, str]:
    lost = lost_in_a_row(facts.told)
    if lost:
        last = counted(lost, "último mensaje no llegó", "últimos mensajes no llegaron")
        return Level.BAD, (
            f"{last} a nadie; lo que decían está en messages.log. Revise TELEGRAM_CHAT_ID, y que "
            "el bot siga en el chat."
        )
    if facts.waiting:
        count = counted(len(facts.waiting), "mensaje espera", "mensajes esperan")
        return Level.LOOK, f"{count} a que Telegram conteste."
    if facts.told and facts.told[0].how is How.LOGGED:
        return Level.GOOD, "Nada espera. Sin credenciales de Telegram, todo va a messages.log."
    return Level.GOOD, "Nada espera."
