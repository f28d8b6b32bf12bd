"""What lies in the outbox: messages that wait, marks of events that were told, and their files."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from itertools import takewhile
from typing import Any

from canasta.deliver.messages.message import Document, Message

WAITING, TOLD = "waiting", "told"


class How(StrEnum):
    """What became of a message that waits no more."""

    SENT = "sent"
    LOGGED = "logged"
    REFUSED = "refused"
    GIVEN_UP = "given-up"


LOST = frozenset({How.REFUSED, How.GIVEN_UP})
"""What nobody was told, though somebody was to be: the log alone has it."""


@dataclass(frozen=True, slots=True)
class Waiting:
    """A message in the outbox.

    Attributes:
        message: what is told.
        since: when it was put in.
        sent: how many of its parts went out.
        failures: how often the next part failed while others' parts went out.
    """

    message: Message
    since: datetime
    sent: int = 0
    failures: int = 0


@dataclass(frozen=True, slots=True)
class Told:
    """A message that waits no more.

    Attributes:
        key: of its event.
        at: when it left.
        how: what became of it.
        reason: why it could not be sent; empty where it was.
    """

    key: str
    at: datetime
    how: How
    reason: str = ""


def mark(told: Told, since: datetime) -> dict[str, str]:
    """Return the content of a mark: what became of a message that had waited since then."""
    return {
        "since": since.isoformat(),
        "at": told.at.isoformat(),
        "how": told.how.value,
        "reason": told.reason,
    }


def mark_of(key: str, content: bytes) -> Told | None:
    """Read the mark under `key`; None where it cannot be read."""
    name = key.removeprefix(f"{TOLD}/").removesuffix(".json")
    try:
        found = json.loads(content)
        return Told(name, datetime.fromisoformat(found["at"]), How(found["how"]), found["reason"])
    except (KeyError, TypeError, ValueError):
        return None


def lost_in_a_row(told: Iterable[Told]) -> int:
    """Return how many of the newest events in a row nobody was told, though somebody was to be.

    Args:
        told: the newest first.
    """
    return sum(1 for _ in takewhile(lambda one: one.how in LOST, told))


def waiting_key(key: str) -> str:
    """Return where the message of an event waits."""
    return f"{WAITING}/{key}.json"


def told_key(key: str) -> str:
    """Return where the mark of an event lies."""
    return f"{TOLD}/{key}.json"


def encoded(one: Waiting) -> bytes:
    """Return the file of a message that waits."""
    message = one.message
    return as_json(
        {
            "key": message.key,
            "since": one.since.isoformat(),
            "sent": one.sent,
            "failures": one.failures,
            "text": message.text,
            "photo": None if message.photo is None else _as_text(message.photo),
            "documents": [
                {"name": file.name, "content": _as_text(file.content)} for file in message.documents
            ],
        }
    )


def decoded(content: bytes) -> Waiting:
    """Read the file of a message that waits.

    Raises:
        KeyError, TypeError, ValueError: it is none.
    """
    found: dict[str, Any] = json.loads(content)
    photo = found["photo"]
    documents = tuple(
        Document(file["name"], base64.b64decode(file["content"])) for file in found["documents"]
    )
    message = Message(
        found["key"], found["text"], None if photo is None else base64.b64decode(photo), documents
    )
    return Waiting(
        message,
        datetime.fromisoformat(found["since"]),
        int(found["sent"]),
        int(found.get("failures", 0)),
    )


def _as_text(content: bytes) -> str:
    return base64.b64encode(content).decode("ascii")


def as_json(content: object) -> bytes:
    """Return the bytes of a file in the outbox."""
    return json.dumps(content, ensure_ascii=False, indent=1).encode() + b"\n"
