"""Corrections that the source made to publications already in the lake."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date

import pyarrow as pa

from canasta.ingest.quality import Cells
from canasta.ingest.tables import DATE, encode, label_arrays, read
from canasta.labels import Key

type Change = tuple[float | None, float | None]
"""Old and new price; None where not quoted."""

FIRST_SEEN, SEQUENCE, OLD, NEW = "first_seen", "sequence", "old", "new"


@dataclass(frozen=True, slots=True)
class Revision:
    """The cells of one publication that a later file states otherwise.

    Attributes:
        block_date: of the publication that is corrected.
        first_seen: date of the file that first showed the new values.
        sequence: which file of that date it was, counted from 1.
        changes: old and new price by series.
    """

    block_date: date
    first_seen: date
    sequence: int
    changes: Mapping[Key, Change]

    @property
    def name(self) -> str:
        """The sha256 of the changed cells and of the file that first showed them.

        The file is part of it so that a value that goes back and forth is kept each time.
        """
        cells = sorted((key, *change) for key, change in self.changes.items())
        content = [self.first_seen.isoformat(), self.sequence, cells]
        return hashlib.sha256(json.dumps(content, ensure_ascii=False).encode()).hexdigest()

    @property
    def order(self) -> tuple[date, int, date]:
        """Revisions apply in this order."""
        return self.first_seen, self.sequence, self.block_date


def changes(old: Cells, new: Cells) -> dict[Key, Change]:
    """Return the cells in which two clean copies of one publication differ.

    A series that only one of them lists counts as not quoted in the other.
    """
    keys = [*new, *(key for key in old if key not in new)]
    pairs = ((key, (old.get(key), new.get(key))) for key in keys)
    return {key: pair for key, pair in pairs if pair[0] != pair[1]}


def applied(cells: Cells, revisions: Iterable[Revision]) -> dict[Key, float | None]:
    """Return `cells` as they stand after `revisions`, given in the order they were made."""
    current = dict(cells)
    for revision in revisions:
        current |= {key: new for key, (_, new) in revision.changes.items()}
    return current


def undone(cells: Cells, revisions: Iterable[Revision]) -> dict[Key, float | None]:
    """Return `cells` as they stood before `revisions`, given in the order they were made."""
    original = dict(cells)
    for revision in reversed(list(revisions)):
        original |= {key: old for key, (old, _) in revision.changes.items()}
    return original


def revision_bytes(revision: Revision, columns: tuple[str, ...]) -> bytes:
    """Encode a revision as parquet: date, key columns, old, new, first_seen, sequence."""
    keys = sorted(revision.changes)
    old, new = (
        pa.array([revision.changes[key][side] for key in keys], pa.float64()) for side in (0, 1)
    )
    return encode(
        {
            DATE: pa.array([revision.block_date] * len(keys), pa.date32()),
            **label_arrays(keys, columns),
            OLD: old,
            NEW: new,
            FIRST_SEEN: pa.array([revision.first_seen] * len(keys), pa.date32()),
            SEQUENCE: pa.array([revision.sequence] * len(keys), pa.int32()),
        }
    )


def read_revision(content: bytes, columns: tuple[str, ...], where: str) -> Revision:
    """Read what `revision_bytes` wrote.

    Raises:
        ObjectCorrupt: the bytes are no such file.
    """
    names = [DATE, *columns, OLD, NEW, FIRST_SEEN, SEQUENCE]
    table = {name: column.to_pylist() for name, column in read(content, names, where).items()}
    keys = zip(*(table[name] for name in columns), strict=True)
    pairs = zip(table[OLD], table[NEW], strict=True)
    changed = dict(zip(keys, pairs, strict=True))
    return Revision(table[DATE][0], table[FIRST_SEEN][0], table[SEQUENCE][0], changed)
