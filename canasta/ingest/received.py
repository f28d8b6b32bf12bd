"""The workbooks as they came: bytes by content hash, and which file of which date they were."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from canasta.errors import ObjectCorrupt
from canasta.ingest.source import Publication
from canasta.store import Store

_RECEIPT = re.compile(r"received/(\d{4}-\d{2}-\d{2})\.(\d{3})-([0-9a-f]{64})(-accepted)?\.json")


@dataclass(frozen=True, slots=True)
class Received:
    """A workbook that was read, or a block that a person accepted.

    Attributes:
        date: its day.
        sequence: which of that day it was, counted from 1.
        sha256: hash of its content.
        accepted: whether it is a block that was accepted by hand.
    """

    date: date
    sequence: int
    sha256: str
    accepted: bool = False


class ReceivedFiles:
    """Raw copies (`raw/<sha256>.xlsx`) and receipts (`received/<date>.<sequence>-<sha256>.json`).

    A block that a person accepted has a receipt too, ending in `-accepted.json`.

    A receipt is written once a copy proved to be a workbook. Its name alone tells which copy is
    the newest, so that nothing else needs to remember it.
    """

    def __init__(self, store: Store) -> None:
        self._store = store

    def keep(self, content: bytes) -> str:
        """Keep bytes as they came, and return the sha256 that names them."""
        sha256 = hashlib.sha256(content).hexdigest()
        self._store.write_once(_raw_key(sha256), content)
        return sha256

    def note(self, publication: Publication, sha256: str, layout: Sequence[str] = ()) -> Received:
        """Write the receipt of a workbook; the same file once more gets no second one.

        Args:
            publication: what came.
            sha256: of its content.
            layout: how it looks, as `layout.describe` says it.
        """
        content = {
            "url": publication.url,
            "bytes": len(publication.content),
            "layout": list(layout),
        }
        return self._note(publication.date, sha256, content)

    def note_decision(self, day: date, sha256: str, block: str) -> Received:
        """Write the receipt of a block that a person accepted on `day`: it counts like a file.

        So what a file of that day states after it comes after it.
        """
        return self._note(day, sha256, {"accepted": block}, accepted=True)

    def _note(
        self, day: date, sha256: str, content: Mapping[str, Any], *, accepted: bool = False
    ) -> Received:
        earlier = [file for file in self.all() if file.date == day]
        alike = [file for file in earlier if file.accepted == accepted]
        if alike and alike[-1].sha256 == sha256:
            return alike[-1]
        found = Received(day, len(earlier) + 1, sha256, accepted)
        self._store.write_once(_receipt_key(found), json.dumps(content, indent=1).encode() + b"\n")
        return found

    def all(self) -> list[Received]:
        """Return what was received, in order of date and sequence."""
        matches = [_RECEIPT.fullmatch(key) for key in self._store.keys("received")]
        return [
            Received(date.fromisoformat(found[1]), int(found[2]), found[3], bool(found[4]))
            for found in matches
            if found
        ]

    def layout(self, file: Received) -> tuple[str, ...]:
        """Return how a workbook looks; empty where its receipt does not say, as older ones."""
        content: dict[str, Any] = json.loads(self._store.read(_receipt_key(file)))
        return tuple(content.get("layout", ()))

    def newest(self, as_of: date) -> Received | None:
        """Return the newest workbook of a date on or before `as_of` whose copy is still there."""
        files = reversed(self._workbooks(as_of))
        return next((file for file in files if self._store.exists(_raw_key(file.sha256))), None)

    def newest_date(self, as_of: date) -> date | None:
        """Return the date of the newest workbook on or before `as_of`; None: none came."""
        files = self._workbooks(as_of)
        return files[-1].date if files else None

    def _workbooks(self, as_of: date) -> list[Received]:
        return [file for file in self.all() if not file.accepted and file.date <= as_of]

    def content(self, received: Received) -> bytes:
        """Return the bytes of a workbook.

        Raises:
            KeyError: its raw copy is gone.
            ObjectCorrupt: the copy does not match its hash.
        """
        key = _raw_key(received.sha256)
        content = self._store.read(key)
        if hashlib.sha256(content).hexdigest() != received.sha256:
            raise ObjectCorrupt(
                f"{self._store.location(key)} does not match its hash. Delete it: "
                "the source's next file holds every publication."
            )
        return content


def _receipt_key(file: Received) -> str:
    mark = "-accepted" if file.accepted else ""
    return f"received/{file.date}.{file.sequence:03}-{file.sha256}{mark}.json"


def _raw_key(sha256: str) -> str:
    return f"raw/{sha256}.xlsx"
