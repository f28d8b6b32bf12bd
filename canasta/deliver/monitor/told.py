"""The messages of the page of watching: what waits, and what left lately."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date, datetime, tzinfo

from canasta.deliver.backtest.spanish import long_date, short_date
from canasta.deliver.messages.markup import plain
from canasta.deliver.outbox_files import How, Told, Waiting

HOWS = {
    How.SENT: "enviado",
    How.LOGGED: "en messages.log",
    How.REFUSED: "rechazado por Telegram",
    How.GIVEN_UP: "esperó demasiado",
}
MESSAGES = {
    "digest": "Resumen de la publicación",
    "decision": "Cambio de campeón",
    "drift": "Mercado fuera de lo común, publicación",
    "quarantine": "Cuarentena",
    "revision": "Precios corregidos por la fuente",
    "failure": "Corrida fallida",
    "unfinished": "Corrida con pasos fallidos",
    "late": "No llegó la publicación",
    "unwritten": "Nada entra después de la publicación",
    "layout": "Cambió la forma del archivo",
}
"""What messages tell, by the first word of their keys."""
_DAY = re.compile(r"(?<=-)\d{4}-\d{2}-\d{2}(?=-|$)")
LONGEST = 110
"""Characters of a waiting message that are shown."""


@dataclass(frozen=True, slots=True)
class MessageRow:
    """One message: what it tells, when, and what became of it."""

    title: str
    when: str
    became: str


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
    return f"{title} del {short_date(date.fromisoformat(found[0]))}" if found else title


def _time(when: datetime, zone: tzinfo) -> str:
    there = when.astimezone(zone)
    return f"{long_date(there)}, {there:%H:%M}"


def _beginning(text: str) -> str:
    said = " ".join(plain(text).split())
    return said if len(said) <= LONGEST else f"{said[:LONGEST].rstrip()}…"
