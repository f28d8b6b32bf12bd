"""The workbooks as they came: bytes by content hash, and which file of which date they were."""

from __future__ import annotations

import hashlib
import json
import re
from dataclasses import dataclass
from datetime import date

from canasta.errors import ObjectCorrupt
from canasta.ingest.source import Publication
from canasta.store import Store

_RECEIPT = re.compile(r"received/(\d{4}-\d{2}-\d{2})\.(\d{3})-([0-9a-f]{64})\.json")


@dataclass(frozen=True, slots=True)
class Received:
    """A workbook that was read: its date, which file of that date it was, its content's hash."""

    date: date
    sequence: int
    sha256: str


class ReceivedFiles:
    """Raw copies (`raw/<sha256>.xlsx`) and receipts (`received/<date>.<sequence>-<sha256>.json`).

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

    def note(self, publication: Publication, sha256: str) -> Received:
        """Write the receipt of a workbook; the same file once more gets no second one."""
        earlier = [file for file in self.all() if file.date == publication.date]
        if earlier and earlier[-1].sha256 == sha256:
            return earlier[-1]
        found = Received(publication.date, len(earlier) + 1, sha256)
        content = {"url": publication.url, "bytes": len(publication.content)}
        key = f"received/{found.date}.{found.sequence:03}-{sha256}.json"
        self._store.write_once(key, json.dumps(content, indent=1).encode() + b"\n")
        return found

    def all(self) -> list[Received]:
        """Return the workbooks that were read, in order of date and sequence."""
        matches = [_RECEIPT.fullmatch(key) for key in self._store.keys("received")]
        return [
            Received(date.fromisoformat(found[1]), int(found[2]), found[3])
            for found in matches
            if found
        ]

    def newest(self, as_of: date) -> Received | None:
        """Return the newest workbook of a date on or before `as_of` whose copy is still there."""
        kept = (file for file in reversed(self.all()) if file.date <= as_of)
        return next((file for file in kept if self._store.exists(_raw_key(file.sha256))), None)

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


def _raw_key(sha256: str) -> str:
    return f"raw/{sha256}.xlsx"
