"""The log of decisions in Spanish: who holds the title since when, and on which evidence."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, tzinfo
from typing import Any

from canasta.deliver.backtest.spanish import contestant, long_date
from canasta.deliver.messages.decisions import compared, evidence_of, holder, instead
from canasta.deliver.messages.wording import counted
from canasta.registry.decisions import Kind, Record
from canasta.registry.gate import Action


@dataclass(frozen=True, slots=True)
class Decided:
    """One decision as it is written.

    Attributes:
        origin: the newest publication when it was made.
        made: when, in the reader's zone.
        title: what was decided.
        told: on which evidence, a sentence each.
        changed: whether the title went to another.
    """

    origin: str
    made: str
    title: str
    told: tuple[str, ...]
    changed: bool


def decided(records: Sequence[Record], zone: tzinfo) -> list[Decided]:
    """Write decisions for people, in the order given; forecasts of a day are none.

    Args:
        records: of any kind.
        zone: in which times are told.
    """
    return [_decided(one, zone) for one in records if one.kind is not Kind.PANEL]


def changes_of_champion(records: Sequence[Record]) -> list[date]:
    """Return the publications after which another recipe held the title, ascending."""
    return sorted(record.origin for record in records if _another_recipe(record))


def algorithms(records: Sequence[Record]) -> dict[int, str]:
    """Return how the algorithm of each version is called that a decision put in place."""
    live = [record.after for record in records if record.after is not None]
    return {
        int(one["version"]): contestant(str(one["recipe"]["algorithm"]))
        for one in live
        if "recipe" in one
    }


def _decided(record: Record, zone: tzinfo) -> Decided:
    made = record.time.astimezone(zone)
    return Decided(
        origin=long_date(record.origin),
        made=f"{long_date(made)}, {made:%H:%M}",
        title=_title(record),
        told=tuple(_told(record)),
        changed=_another_recipe(record),
    )


def _title(record: Record) -> str:
    if record.after is None:
        return "Búsqueda: la evidencia no permite concluir, nada cambia"
    who = holder(record.after)
    if record.kind is Kind.PROMOTE:
        return f"A mano: {who}{instead(record.before)}"
    if record.kind is Kind.ROLLBACK:
        return f"Vuelve {who}{instead(record.before)}"
    if _another_recipe(record):
        return f"Nuevo campeón: {who}{instead(record.before)}"
    return f"Conserva el título, ajustado de nuevo: {who}"


def _told(record: Record) -> list[str]:
    if record.after is not None and (record.ruling is None or record.kind is Kind.ROLLBACK):
        return [evidence_of(record)]
    ruling = record.ruling or {}
    evidence, decision = ruling.get("evidence", {}), ruling.get("decision", {})
    if decision.get("action") == Action.PROMOTE:
        return [evidence_of(record), *_refused(evidence, decision)]
    return [*_kept(evidence), *_refused(evidence, decision)]


def _kept(evidence: Mapping[str, Any]) -> list[str]:
    champion = evidence.get("champion")
    if not champion or champion["is_persistence"]:
        return []
    against = _against(champion["against_persistence"], "que el último precio")
    origins = counted(int(evidence["origins"]), "publicación", "publicaciones")
    return [f"El campeón: {against}, en {origins} de prueba."]


def _refused(evidence: Mapping[str, Any], decision: Mapping[str, Any]) -> list[str]:
    """Say how the candidates did that did not win."""
    passed = {one["name"] for one in decision.get("verdicts", ()) if one["passed"]}
    champion = (evidence.get("champion") or {}).get("recipe_id")
    return [
        f"{contestant(one['name'])}: {_lost(one, champion, one['name'] in passed)}."
        for one in evidence.get("candidates", ())
        if one["name"] != decision.get("winner")
    ]


def _lost(candidate: Mapping[str, Any], champion: str | None, passed: bool) -> str:
    """Say how far a candidate is ahead of whom it has to beat, and why that is not enough."""
    if candidate["recipe_id"] == champion:
        return "la búsqueda dio la misma receta que la del campeón"
    if candidate["against_champion"] is not None:
        margin = _against(candidate["against_champion"], "que el campeón")
    else:
        margin = _against(candidate["against_persistence"], "que el último precio")
    return f"{margin}; {_why_not(int(candidate.get('banned_for', 0)), passed)}"


def _why_not(banned_for: int, passed: bool) -> str:
    if banned_for:
        count = counted(banned_for, "publicación", "publicaciones")
        return f"perdió el título por sus resultados y no puede ganarlo por {count}"
    return "pasa la prueba, pero otro es mejor" if passed else "no basta"


def _against(figures: Mapping[str, Any], than: str) -> str:
    return "no pudo medirse" if figures["skill"] is None else compared(figures, than)


def _another_recipe(record: Record) -> bool:
    if record.kind is Kind.PANEL or record.after is None:
        return False
    before = record.before or {}
    return bool(before.get("recipe") != record.after["recipe"])
