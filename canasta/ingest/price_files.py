"""The lake's accepted prices as files: found in one listing, read in few requests."""

from __future__ import annotations

import hashlib
import logging
import re
from collections.abc import Collection, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import date
from typing import Any

import pyarrow as pa

from canasta.commodity import Commodity
from canasta.errors import ObjectCorrupt
from canasta.ingest import compaction, tables
from canasta.ingest.compaction import Joined
from canasta.ingest.history import Days
from canasta.store import Store

log = logging.getLogger(__name__)

THREADS = 8
_DAILY = re.compile(r"daily/\d{4}/\d{2}/(\d{4}-\d{2}-\d{2})-data\.parquet")


@dataclass(frozen=True, slots=True)
class Part:
    """What one file holds: pyarrow arrays by column, the date of each row, and its sources.

    Attributes:
        table: the key columns and the price.
        days: the date of each row, datetime64[D].
        hashes: SHA-256 by key of the files that it was made of: itself, or those it joins.
    """

    table: Mapping[str, Any]
    days: Days
    hashes: Mapping[str, str]


class PriceFiles:
    """The price files of one lake. Each is written once, so that what was read is remembered.

    Args:
        store: where they lie.
        commodity: whose columns they have.
    """

    def __init__(self, store: Store, commodity: Commodity) -> None:
        self._store = store
        self._schema = tables.schema(commodity.keys.columns, commodity.keys.price)
        self._read: dict[str, Part] = {}

    def daily(self) -> dict[str, int]:
        """Return the sizes in bytes of the daily files, by key, ascending."""
        found = self._store.sizes("daily")
        return {key: size for key, size in found.items() if _DAILY.fullmatch(key)}

    def monthly(self) -> list[str]:
        """Return the keys of an earlier system's files, ascending."""
        return [key for key in self._store.keys("monthly") if key.endswith(".parquet")]

    def dates(self) -> tuple[date, ...]:
        """Return the dates of all publications, ascending."""
        monthly = {day for part in self._parts(self.monthly()) for day in part.days.tolist()}
        return tuple(sorted({*map(day_of, self.daily()), *monthly}))

    def parts(self, last: date) -> list[Part]:
        """Return every file that holds publications on or before `last`, perhaps later ones too.

        Where two state the same cell, the later one in the list holds.

        Raises:
            ObjectCorrupt: a file cannot be read, and is not the joined form of others.
        """
        joined, single = compaction.plan(self.daily(), self._store.keys(compaction.FOLDER))
        wanted = [one for one in joined if day_of(min(one.files)) <= last]
        days = [key for key in single if day_of(key) <= last]
        self._load([*self.monthly(), *(one.key for one in wanted), *days])
        readable = [one.key for one in wanted if one.key in self._read]
        again = [file for one in wanted if one.key not in self._read for file in one.files]
        return self._parts([*self.monthly(), *readable, *again, *days])

    def hashes(self, last: date, without: Collection[date] = ()) -> dict[str, str]:
        """Return the SHA-256, by key, of the files that hold publications on or before `last`.

        An earlier system's are all there: they may reach past any date.

        Args:
            last: of the publications that count.
            without: dates of publications that do not.
        """
        found = {key: value for part in self.parts(last) for key, value in part.hashes.items()}
        return {
            key: value
            for key, value in found.items()
            if not _DAILY.fullmatch(key) or (day_of(key) <= last and day_of(key) not in without)
        }

    def join_due(self) -> list[str]:
        """Join what is complete and not joined yet; return the keys written.

        What cannot be joined is told and left: it can still be read day by day, or says then what
        is wrong with it.
        """
        due = compaction.due(self.daily(), self._store.keys(compaction.FOLDER))
        return [joined.key for joined in due if self._join(joined)]

    def _join(self, joined: Joined) -> bool:
        files = list(joined.files)
        try:
            content = compaction.join(files, self._store.read_all(files), self._schema)
        except ObjectCorrupt as error:
            log.warning("%s", error)
            return False
        return self._store.write_once(joined.key, content)

    def _parts(self, keys: Sequence[str]) -> list[Part]:
        self._load(keys)
        return [self._read[key] for key in keys]

    def _load(self, keys: Sequence[str]) -> None:
        """Read what was not read before; a joined file that cannot be read is left out."""
        unread = [key for key in keys if key not in self._read]
        with ThreadPoolExecutor(THREADS) as pool:
            found = pool.map(self._part, unread, self._store.read_all(unread))
            self._read |= {key: part for key, part in zip(unread, found, strict=True) if part}

    def _part(self, key: str, content: bytes) -> Part | None:
        if not key.startswith(f"{compaction.FOLDER}/"):
            return self._decoded(key, content, {key: hashlib.sha256(content).hexdigest()})
        try:
            hashes = compaction.hashes_in(content, self._store.location(key))
            return self._decoded(key, content, hashes)
        except ObjectCorrupt as error:
            log.warning("%s; reading the daily files instead", error)
            return None

    def _decoded(self, key: str, content: bytes, hashes: Mapping[str, str]) -> Part:
        table = tables.read(content, self._schema.names, self._store.location(key))
        days = table.pop(tables.DATE).cast(pa.timestamp("us"), safe=False)
        return Part(table, days.to_numpy().astype("datetime64[D]"), hashes)


def daily_key(day: date) -> str:
    """Return the key of one accepted publication."""
    return f"daily/{day:%Y/%m}/{day}-data.parquet"


def day_of(key: str) -> date:
    """Return the date of a daily file.

    Raises:
        ValueError: `key` is not one's.
    """
    found = _DAILY.fullmatch(key)
    if found is None:
        raise ValueError(f"{key} is no key of a daily file")
    return date.fromisoformat(found[1])
