"""Blocks that failed the contract: kept as they came, with the reasons, until released.

Under `quarantine/<date>/`, all written once:

- `<sha256 of the cells>.json`: the block, why it failed, and the file that first showed it;
- `<sha256>-repeated-<date>.json`: a later file, of that date, states the same cells;
- `<sha256>-accepted.json`: a person accepted it.

What has become of a block is never written down. It is unsettled as long as the lake's copy of its
date is missing or differs. An unsettled block waits where the newest workbook still states it;
where that states it no more, the source has withdrawn it.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from canasta.commodity import Commodity
from canasta.errors import LakeError
from canasta.ingest.block import Block
from canasta.ingest.quality import UNCONFIRMED, Cells, Finding, cleaned
from canasta.ingest.workbook import BrokenBlock
from canasta.store import Store

FOLDER = "quarantine"
UNDATED = "undated"
_REPEATED = "-repeated-"


@dataclass(frozen=True, slots=True)
class Quarantined:
    """One block that failed.

    Attributes:
        block_date: its date; None where that could not be read.
        sha256: hash of its cells; equal blocks have equal ones.
        first_seen: date of the file that first held it.
        reasons: why it failed.
        prices: as published, in the order of the sheet; None where the block was unreadable.
    """

    block_date: date | None
    sha256: str
    first_seen: date
    reasons: tuple[Finding, ...]
    prices: Cells | None

    @property
    def key(self) -> str:
        """Where it is kept."""
        return f"{_stem(self)}.json"


def from_block(block: Block, first_seen: date, reasons: Sequence[Finding]) -> Quarantined:
    """Describe a block that failed the contract."""
    cells = [[*key, price] for key, price in block.prices.items()]
    return Quarantined(block.date, _hash(sorted(cells)), first_seen, tuple(reasons), block.prices)


def from_broken(block: BrokenBlock, first_seen: date) -> Quarantined:
    """Describe a block that could not be read."""
    reasons = (Finding("layout", block.reason),)
    return Quarantined(block.date, block.sha256, first_seen, reasons, None)


class Quarantine:
    """The quarantined blocks of a lake."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def add(self, block: Quarantined, seen: date) -> bool:
        """Keep a block, or that a later file repeats it; tell whether it is new.

        Args:
            block: what failed.
            seen: date of the file that holds it now.
        """
        if self._store.write_once(block.key, _encode(block)):
            return True
        if seen > self.read(block.key).first_seen:
            content = _json({"seen": seen.isoformat()})
            self._store.write_once(f"{_stem(block)}{_REPEATED}{seen}.json", content)
        return False

    def released(self, block: Quarantined, confirmations: int, seen: date) -> bool:
        """Tell whether a person accepted the block, or enough files up to `seen` repeat it.

        An unreadable block never is: it holds nothing to let in.
        """
        if block.prices is None:
            return False
        keys = self._store.keys(_folder(block.block_date))
        repeated = f"{_stem(block)}{_REPEATED}"
        repeats = sum(repeated < key <= f"{repeated}{seen}.json" for key in keys)
        confirmed = is_confirmable(block) and repeats >= confirmations
        return confirmed or f"{_stem(block)}-accepted.json" in keys

    def accept(self, block: Quarantined) -> None:
        """Write down that a person accepted the block."""
        self._store.write_once(f"{_stem(block)}-accepted.json", _json({"accepted": True}))

    def of(self, day: date) -> list[Quarantined]:
        """Return the blocks of one date, in the order in which they were first seen."""
        return self._sorted(self._store.keys(_folder(day)))

    def all(self) -> list[Quarantined]:
        """Return every block that ever failed, released ones included."""
        return self._sorted(self._store.keys(FOLDER))

    def stated(self, since: date, seen: date) -> list[Quarantined]:
        """Return the blocks that a file dated `since` to `seen` states, in the order of `of`."""
        keys = self._store.keys(FOLDER)
        marks = (key.removesuffix(".json").partition(_REPEATED) for key in keys)
        # The keys ascend: of each block the newest mark up to `seen` remains.
        repeated = {stem: day for stem, mark, day in marks if mark and day <= seen.isoformat()}
        return [
            block
            for block in self._sorted(keys)
            if since <= block.first_seen <= seen
            or repeated.get(_stem(block), "") >= since.isoformat()
        ]

    def read(self, key: str) -> Quarantined:
        """Read one block."""
        return _decode(self._store.read(key))

    def _sorted(self, keys: Sequence[str]) -> list[Quarantined]:
        blocks = [key for key in keys if "-" not in key.rsplit("/", 1)[-1]]
        read = [_decode(content) for content in self._store.read_all(blocks)]
        return sorted(read, key=lambda block: (block.first_seen, block.sha256))


def is_confirmable(block: Quarantined) -> bool:
    """Tell whether later files that repeat a block let it in.

    They prove nothing where a reason is one of `quality.UNCONFIRMED`, and make no block readable.
    """
    provable = UNCONFIRMED.isdisjoint(reason.kind for reason in block.reasons)
    return provable and block.prices is not None


def is_acceptable(block: Quarantined, commodity: Commodity) -> bool:
    """Tell whether a person can let a block in: it has a date, and prices the lake would keep."""
    prices = cleaned(block.prices or {}, commodity)
    return block.block_date is not None and any(prices.values())


def acceptable(day: date, blocks: Sequence[Quarantined], commodity: Commodity) -> Quarantined:
    """Return the block of `day` that a person accepts: the last one.

    Args:
        day: the date.
        blocks: of that date, not settled yet; the one to prefer comes last.
        commodity: whose plausible range holds.

    Raises:
        LakeError: none is quarantined, or none holds a plausible price: it could not be read,
            or states nothing that the lake could keep.
    """
    if not blocks:
        raise LakeError(
            f"No publication of {day} is quarantined; `make quarantine` lists those that are."
        )
    priced = [block for block in blocks if is_acceptable(block, commodity)]
    if not priced:
        reasons = "; ".join(str(reason) for block in blocks for reason in block.reasons)
        raise LakeError(
            f"The quarantined publication of {day} holds no prices to accept ({reasons}). "
            "Wait for a corrected file."
        )
    return priced[-1]


def _folder(day: date | None) -> str:
    return f"{FOLDER}/{day.isoformat() if day else UNDATED}"


def _stem(block: Quarantined) -> str:
    return f"{_folder(block.block_date)}/{block.sha256}"


def _encode(block: Quarantined) -> bytes:
    cells = block.prices and [[*key, price] for key, price in block.prices.items()]
    return _json(
        {
            "date": block.block_date and block.block_date.isoformat(),
            "sha256": block.sha256,
            "first_seen": block.first_seen.isoformat(),
            "reasons": [{"kind": r.kind, "detail": r.detail} for r in block.reasons],
            "cells": cells,
        }
    )


def _decode(stored: bytes) -> Quarantined:
    content: dict[str, Any] = json.loads(stored)
    day, cells = content["date"], content["cells"]
    return Quarantined(
        date.fromisoformat(day) if day else None,
        content["sha256"],
        date.fromisoformat(content["first_seen"]),
        tuple(Finding(**reason) for reason in content["reasons"]),
        None if cells is None else {tuple(labels): price for *labels, price in cells},
    )


def _json(content: object) -> bytes:
    return json.dumps(content, ensure_ascii=False, indent=1).encode()


def _hash(content: object) -> str:
    return hashlib.sha256(json.dumps(content, ensure_ascii=False).encode()).hexdigest()
