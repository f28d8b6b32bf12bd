"""The lake: every price ever accepted, on any store.

    lake.json                                   whose it is: commodity and source kind
    raw/<sha256>.xlsx                           bytes as received, before anything is parsed
    received/<date>.<nnn>-<sha256>.json         which raw copy was the n-th workbook of a date
    daily/YYYY/MM/YYYY-MM-DD-data.parquet       one accepted publication each
    revisions/<block date>/<sha256>.parquet     cells that a later file states otherwise
    quarantine/<block date>/<sha256>….json      blocks that failed, and what became of them
    monthly/YYYY/MM/*.parquet                   an earlier system's history: read, never written

Every object but the monthly ones is written once, under a name that its content decides.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import date
from itertools import takewhile
from typing import Any

import pyarrow as pa

from canasta.commodity import Commodity
from canasta.errors import LakeEmpty, LakeMismatch
from canasta.ingest import tables
from canasta.ingest.history import Days, History, Quotes, combine
from canasta.ingest.identity import (
    Identity,
    SourceKind,
    other_url,
    read_identity,
    write_identity,
)
from canasta.ingest.quality import Cells
from canasta.ingest.quarantine import Quarantine
from canasta.ingest.received import ReceivedFiles
from canasta.ingest.revisions import Revision, read_revision, revision_bytes
from canasta.labels import Key
from canasta.store import Store

THREADS = 8
_DAILY = re.compile(r"daily/\d{4}/\d{2}/(\d{4}-\d{2}-\d{2})-data\.parquet")


@dataclass(frozen=True, slots=True)
class Gaps:
    """Expected dates without an accepted publication: one came and waits, or none ever came."""

    quarantined: tuple[date, ...]
    missing: tuple[date, ...]


def open_lake(store: Store, commodity: Commodity, source_kind: SourceKind | None) -> Lake:
    """Open the lake on `store`.

    Args:
        store: where it lies.
        commodity: whose prices it holds.
        source_kind: what the run brings; on first use, that is written down. None: not known
            before a publication has come; see `Lake.claim`.

    Raises:
        LakeMismatch: it belongs to another commodity or another kind of source.
    """
    lake = Lake(store, commodity)
    if source_kind is None:
        lake.check(Identity(commodity.name, lake.source_kind))
    else:
        lake.claim(source_kind)
    return lake


class Lake:
    """What is stored of one commodity. Reading is safe at any time; one run at a time writes.

    Attributes:
        store: where it lies.
        commodity: whose keys and columns hold.
        quarantine: the blocks that failed.
        received: the workbooks as they came.
    """

    def __init__(self, store: Store, commodity: Commodity) -> None:
        self.store = store
        self.commodity = commodity
        self.quarantine = Quarantine(store)
        self.received = ReceivedFiles(store)

    @property
    def identity(self) -> Identity | None:
        """Whose it is, None for a new one; an earlier system's lake does not say: SNIIM's."""
        stated = read_identity(self.store)
        if stated is None and (self._daily_keys() or self._monthly_keys()):
            return Identity(self.commodity.name, SourceKind.SNIIM)
        return stated

    @property
    def source_kind(self) -> SourceKind:
        """Where the publications come from; SNIIM's where nothing says otherwise."""
        identity = self.identity
        return SourceKind.SNIIM if identity is None else identity.source

    def claim(self, source_kind: SourceKind, url: str | None = None) -> None:
        """Write down whose the lake is, unless that stands.

        Args:
            source_kind: what comes.
            url: of the publication that says so; None: the run does.

        Raises:
            LakeMismatch: it belongs to another commodity or another kind of source.
        """
        ours = Identity(self.commodity.name, source_kind)
        self.check(ours, url)
        write_identity(self.store, ours)

    def check(self, ours: Identity, url: str | None = None) -> None:
        """Check that the lake takes what is `ours`; `url` as for `claim`.

        Raises:
            LakeMismatch: it does not.
        """
        theirs = self.identity
        if theirs is None or theirs.takes(ours):
            return
        came = f"{url} holds" if url else "this run is for"
        source = f" with PUBLICATION_URL={url.rpartition('/')[0]}" if url else ""
        raise LakeMismatch(
            f"{self.store.url} holds {theirs}, {came} {ours}: they do not mix. "
            f"Set LAKE_URL={other_url(self.store.url, ours)}{source}, "
            "or to another folder of its own."
        )

    def dates(self) -> tuple[date, ...]:
        """Return the dates of all accepted publications, ascending."""
        daily = [_day(key) for key in self._daily_keys()]
        monthly = [self._read(key)[1] for key in self._monthly_keys()]
        return tuple(sorted({*daily, *(day for days in monthly for day in days.tolist())}))

    def gaps(self, as_of: date) -> Gaps:
        """Return the dates up to `as_of` that are not in the lake, since its first publication.

        Quarantined ones may lie off the calendar; a holiday that the calendar does not know
        counts as missing.
        """
        accepted = self.dates()
        held = {block.block_date for block in self.quarantine.all() if block.block_date}
        waiting = {day for day in held - set(accepted) if day <= as_of}
        days = self.commodity.publication_calendar.expected_after(accepted[0]) if accepted else ()
        expected = takewhile(lambda day: day <= as_of, days)
        missing = (day for day in expected if day not in waiting and day not in accepted)
        return Gaps(tuple(sorted(waiting)), tuple(missing))

    def history(self, as_of: date) -> History:
        """Return the prices as they were known on `as_of`.

        Publications after `as_of` are left out, and revisions first seen after it.

        Raises:
            LakeEmpty: nothing was accepted on or before `as_of`.
        """
        quotes = self._quotes(as_of)
        if quotes is None:
            raise LakeEmpty(
                f"Expected prices on or before {as_of} in {self.store.url}, found none. "
                "Run `make daily`, choose a later DATE, or check LAKE_URL."
            )
        return quotes.revised(self.revisions(as_of)).history()

    def rewritten(self, as_of: date) -> tuple[date, ...]:
        """Return the days up to `as_of`, ascending, since which the past looks different.

        A correction was first seen then, or a series was listed for the first time.
        """
        quotes = self._quotes(as_of)
        if quotes is None:
            return ()
        listed = set(quotes.first_listed()) - {min(quotes.first_listed())}
        corrected = {revision.first_seen for revision in self.revisions(as_of)}
        return tuple(sorted(listed | corrected))

    def cells(self, seen_by: date) -> dict[date, dict[Key, float | None]]:
        """Return each accepted publication's cells, with revisions first seen by `seen_by`.

        Publications of all dates are there, those after `seen_by` too.
        """
        quotes = self._quotes(date.max)
        return {} if quotes is None else quotes.revised(self.revisions(seen_by)).by_date()

    def revisions(self, seen_by: date) -> list[Revision]:
        """Return the revisions first seen on or before `seen_by`, in the order they apply."""
        keys = self.store.keys("revisions")
        columns = self.commodity.keys.columns
        found = _in_threads(
            lambda key: read_revision(self.store.read(key), columns, self.store.location(key)), keys
        )
        return sorted(
            (revision for revision in found if revision.first_seen <= seen_by),
            key=lambda revision: revision.order,
        )

    def fingerprint(self, as_of: date) -> str:
        """Return a hash of everything that `history(as_of)` is made of."""
        files = [key for key in self._daily_keys() if _day(key) <= as_of]
        files += [*self._monthly_keys(), *map(self._revision_key, self.revisions(as_of))]
        hashes = _in_threads(lambda key: _sha256(self.store.read(key)), files)
        # A monthly file reaches past `as_of`: the last date tells what of it counts.
        lines = [f"{key} {value}" for key, value in zip(files, hashes, strict=True)]
        last = max((day for day in self.dates() if day <= as_of), default=None)
        return _sha256("\n".join([*sorted(lines), str(last)]).encode())

    def add_publication(self, day: date, cells: Cells) -> bool:
        """Keep one accepted publication, for ever; tell whether it was new."""
        keys = self.commodity.keys
        content = tables.publication_bytes(day, cells, keys.columns, keys.price)
        return self.store.write_once(daily_key(day), content)

    def add_revision(self, revision: Revision) -> bool:
        """Keep one correction, for ever; tell whether it was new."""
        content = revision_bytes(revision, self.commodity.keys.columns)
        return self.store.write_once(self._revision_key(revision), content)

    def _quotes(self, last: date) -> Quotes | None:
        daily = [key for key in self._daily_keys() if _day(key) <= last]
        keys = [*self._monthly_keys(), *daily]
        if not keys:
            return None
        read = _in_threads(self._read, keys)
        quotes = combine([t for t, _ in read], [days for _, days in read], self.commodity)
        kept = quotes.until(last)
        return kept if len(kept.days) else None

    def _read(self, key: str) -> tuple[dict[str, Any], Days]:
        names = [*self.commodity.keys.columns, self.commodity.keys.price, tables.DATE]
        table = tables.read(self.store.read(key), names, self.store.location(key))
        days = table.pop(tables.DATE).cast(pa.timestamp("us"), safe=False)
        return table, days.to_numpy().astype("datetime64[D]")

    def _daily_keys(self) -> list[str]:
        return [key for key in self.store.keys("daily") if _DAILY.fullmatch(key)]

    def _monthly_keys(self) -> list[str]:
        return [key for key in self.store.keys("monthly") if key.endswith(".parquet")]

    def _revision_key(self, revision: Revision) -> str:
        return f"revisions/{revision.block_date}/{revision.name}.parquet"


def daily_key(day: date) -> str:
    """Return the key of one accepted publication."""
    return f"daily/{day:%Y/%m}/{day}-data.parquet"


def _day(key: str) -> date:
    found = _DAILY.fullmatch(key)
    if found is None:
        raise ValueError(f"{key} is no key of a daily file")
    return date.fromisoformat(found[1])


def _sha256(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def _in_threads[In, Out](work: Callable[[In], Out], items: Sequence[In]) -> list[Out]:
    with ThreadPoolExecutor(THREADS) as pool:
        return list(pool.map(work, items))
