"""Changes of champion: who holds the title now, and the evidence in a line."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

from canasta.deliver.backtest.spanish import contestant, figure
from canasta.deliver.messages.markup import bold, escaped
from canasta.deliver.messages.message import Message
from canasta.deliver.messages.wording import Marks, counted
from canasta.forecast.recipe import PERSISTENCE
from canasta.registry.decisions import Kind, Record

HEADINGS = {
    Kind.SEARCH: "Nuevo campeón",
    Kind.PROMOTE: "Nuevo campeón, puesto a mano",
    Kind.ROLLBACK: "Vuelve el campeón anterior",
}
"""Of the kinds that people are told of. A refit of the same recipe, a search after which nothing
changes and a day's forecasts are none."""

NO_HEIR = "Cae el campeón: se sugiere el último precio"
"""Of a rollback to nobody."""


def decision(key: str, record: Record, marks: Marks) -> Message | None:
    """Tell of a change of champion; None where the record is of none.

    Args:
        key: of the record in the lake, which names the event.
        record: the decision.
        marks: of the lake.
    """
    if record.kind not in HEADINGS or record.after is None:
        return None
    name = key.rsplit("/", 1)[-1].removesuffix(".json").lower()
    who = escaped(f"{holder(record.after)}{instead(record.before)}.")
    return marks.message(f"decision-{name}", [bold(_heading(record)), who, evidence_of(record)])


def _heading(record: Record) -> str:
    return NO_HEIR if _is_without_heir(record) else HEADINGS[record.kind]


def _is_without_heir(record: Record) -> bool:
    """Tell whether a new version of persistence took over: nobody of before could."""
    after, before = record.after or {}, record.before or {}
    return (
        record.kind is Kind.ROLLBACK
        and record.ruling is not None
        and after["recipe"]["algorithm"] == PERSISTENCE
        and after.get("previous") is None
        and int(after["version"]) > int(before.get("version") or 0)
    )


def holder(pointer: Mapping[str, Any]) -> str:
    """Name who holds the title by a pointer's content, such as `XGBoost, versión 3`; plain text."""
    algorithm = contestant(str(pointer["recipe"]["algorithm"]))
    return f"{algorithm}, versión {int(pointer['version'])}"


def instead(before: Mapping[str, Any] | None) -> str:
    """Say whose place that is, in plain text; nothing where nobody's."""
    if before is None or "recipe" not in before:  # an earlier system's pointer
        return ""
    return f", en lugar de {holder(before)}"


def evidence_of(record: Record) -> str:
    """Say in a line, of figures alone, what a change of champion rests on."""
    ruling = record.ruling
    if ruling is None:
        return "A mano, sin prueba."
    evidence = ruling["evidence"]
    if record.kind is Kind.ROLLBACK:
        return _failed(evidence)
    winner = ruling["decision"]["winner"]
    candidates = {one["name"]: one for one in evidence["candidates"]}
    if winner == PERSISTENCE or winner not in candidates:
        return "Ningún modelo mostró superar al último precio en la prueba."
    return _won(candidates[winner], int(evidence["origins"]))


def _won(candidate: Mapping[str, Any], origins: int) -> str:
    told = f"Evidencia: {compared(candidate['against_persistence'], 'que el último precio')}"
    former = candidate["against_champion"]
    if former is not None:
        told += f" y {compared(former, 'que el campeón de antes')}"
    return f"{told}, en {counted(origins, 'publicación', 'publicaciones')} de prueba."


def compared(figures: Mapping[str, Any], than: str) -> str:
    """Say by how much an error is less, or more, than another, and how sure that is."""
    skill, dm = _number(figures["skill"]), _number(figures["dm"])
    word = "menos" if skill >= 0 else "más"
    return f"{figure(abs(skill), '.1f')} % {word} error (CRPS) {than} (DM {figure(dm, '.1f')})"


def _failed(live: Mapping[str, Any]) -> str:
    count = counted(int(live["publications"]), "publicación", "publicaciones")
    told = compared(live["by_crps"], "que el último precio")
    return f"Evidencia: en sus últimas {count} el que se va tuvo {told}."


def _number(value: float | None) -> float:
    """Return a figure of a record, in which JSON has no NaN."""
    return math.nan if value is None else float(value)
