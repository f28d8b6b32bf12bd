"""The lake: every price ever accepted, on any store.

    lake.json                                   whose it is: commodity and source kind
    raw/<sha256>.xlsx                           bytes as received, before anything is parsed
    received/<date>.<nnn>-<sha256>.json         which raw copy was the n-th workbook of a date
    received/<date>.<nnn>-<sha256>-accepted.json  a quarantined block that a person let in then
    refused/<date>/<sha256>.json                why what a raw copy holds was no such workbook
    daily/YYYY/MM/YYYY-MM-DD-data.parquet       one accepted publication each
    compacted/<period>-<hash>.parquet           daily files joined, to be read quickly
    revisions/<block date>/<sha256>.parquet     cells that a later file states otherwise
    late/<block date>.json                      since when it is known, where that was later
    quarantine/<block date>/<sha256>….json      blocks that failed, and what became of them
    replayed/<day>.json                         on a replay lake: a day that is done
    monthly/YYYY/MM/*.parquet                   an earlier system's history: read, never written

Every object but the monthly ones is written once, under a name that its content decides. What is
joined follows from the daily files, and may be removed at any time.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import date
from itertools import takewhile

from canasta.commodity import Commodity
from canasta.errors import LakeEmpty, LakeMismatch
from canasta.ingest import tables
from canasta.ingest.history import History, Quotes, combine
from canasta.ingest.identity import (
    Identity,
    SourceKind,
    belongs,
    other_url,
    read_identity,
    write_identity,
)
from canasta.ingest.late import note_late, read_late
from canasta.ingest.price_files import PriceFiles, daily_key
from canasta.ingest.quality import Cells
from canasta.ingest.quarantine import Quarantine, Quarantined
from canasta.ingest.received import ReceivedFiles
from canasta.ingest.revisions import Revision, read_revision, revision_bytes
from canasta.labels import Key
from canasta.store import Store


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
        self._prices = PriceFiles(store, commodity)

    @property
    def identity(self) -> Identity | None:
        """Whose it is, None for a new one; an earlier system's lake does not say: SNIIM's."""
        stated = read_identity(self.store)
        if stated is None and (self._prices.daily() or self._prices.monthly()):
            return Identity(self.commodity.name, SourceKind.SNIIM)
        return stated

    @property
    def source_kind(self) -> SourceKind:
        """Where the publications come from; SNIIM's where nothing says otherwise."""
        identity = self.identity
        return SourceKind.SNIIM if identity is None else identity.source

    def claim(self, source_kind: SourceKind, url: str | None = None) -> None:
        """Write down whose the lake is, unless that stands; see `identity.write_identity`.

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
            f"Set LAKE_URL={other_url(self.store.url, belongs(ours, theirs))}{source}, "
            "or to another folder of its own."
        )

    def dates(self) -> tuple[date, ...]:
        """Return the dates of all accepted publications, ascending."""
        return self._prices.dates()

    def gaps(self, as_of: date) -> Gaps:
        """Return the dates up to `as_of` that are not in the lake, since its first publication.

        Quarantined ones may lie off the calendar; where the newest workbook states such a block no
        more, it is not waited for. A holiday that the calendar does not know counts as missing.
        """
        accepted = self.dates()
        held = {block.block_date for block in self.stated(as_of) if block.block_date}
        waiting = {day for day in held - set(accepted) if day <= as_of}
        days = self.commodity.publication_calendar.expected_after(accepted[0]) if accepted else ()
        expected = takewhile(lambda day: day <= as_of, days)
        missing = (day for day in expected if day not in waiting and day not in accepted)
        return Gaps(tuple(sorted(waiting)), tuple(missing))

    def stated(self, as_of: date) -> list[Quarantined]:
        """Return the blocks that failed and that the newest workbook, on `as_of`, still states.

        Files are cumulative: what the newest one does not repeat, the source has withdrawn.
        """
        newest = self.received.newest_date(as_of)
        return self.quarantine.stated(newest or date.min, as_of)

    def history(self, as_of: date) -> History:
        """Return the prices as they were known on `as_of`.

        Publications after `as_of` are left out, those that came in after it, and revisions first
        seen after it.

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

        A correction was first seen then, a publication came in late, or a series was listed for
        the first time.
        """
        quotes = self._quotes(as_of)
        if quotes is None:
            return ()
        listed = set(quotes.first_listed()) - {min(quotes.first_listed())}
        corrected = {revision.first_seen for revision in self.revisions(as_of)}
        came = {since for since in read_late(self.store).values() if since <= as_of}
        return tuple(sorted(listed | corrected | came))

    def cells(self, seen_by: date) -> dict[date, dict[Key, float | None]]:
        """Return each accepted publication's cells, with revisions first seen by `seen_by`.

        Publications of all dates are there, those after `seen_by` too.
        """
        quotes = self._quotes(date.max, as_known=False)
        return {} if quotes is None else quotes.revised(self.revisions(seen_by)).by_date()

    def revisions(self, seen_by: date) -> list[Revision]:
        """Return the revisions first seen on or before `seen_by`, in the order they apply."""
        keys = self.store.keys("revisions")
        columns = self.commodity.keys.columns
        found = [
            read_revision(content, columns, self.store.location(key))
            for key, content in zip(keys, self.store.read_all(keys), strict=True)
        ]
        return sorted(
            (revision for revision in found if revision.first_seen <= seen_by),
            key=lambda revision: revision.order,
        )

    def fingerprint(self, as_of: date, last: date | None = None) -> str:
        """Return a hash of everything that `history(as_of)` is made of, up to a publication.

        Args:
            as_of: the day whose knowledge counts.
            last: the newest publication that counts; by default the newest on or before `as_of`.
        """
        unknown = self._unknown(as_of)
        dates = {day for day in self.dates() if day <= min(as_of, last or as_of)}
        newest = max(dates - unknown, default=None)
        hashes = {} if newest is None else self._prices.hashes(newest, unknown)
        revised = [one for one in self.revisions(as_of) if newest and one.block_date <= newest]
        hashes |= {self._revision_key(one): one.name for one in revised}
        # A monthly file reaches past `newest`, which tells what of it counts.
        lines = [*sorted(f"{key} {value}" for key, value in hashes.items()), str(newest)]
        return hashlib.sha256("\n".join(lines).encode()).hexdigest()

    def add_publication(self, day: date, cells: Cells) -> bool:
        """Keep one accepted publication, for ever; tell whether it was new."""
        keys = self.commodity.keys
        content = tables.publication_bytes(day, cells, keys.columns, keys.price)
        return self.store.write_once(daily_key(day), content)

    def note_late(self, day: date, since: date) -> None:
        """Write down that the publication of `day` came in on `since`, after its own date."""
        note_late(self.store, day, since)

    def add_revision(self, revision: Revision) -> bool:
        """Keep one correction, for ever; tell whether it was new."""
        content = revision_bytes(revision, self.commodity.keys.columns)
        return self.store.write_once(self._revision_key(revision), content)

    def join_due(self) -> list[str]:
        """Join the daily files of each month and year that is over; return the keys written."""
        return self._prices.join_due()

    def _unknown(self, as_of: date) -> set[date]:
        """Return the dates of publications that came in after `as_of`."""
        return {day for day, since in read_late(self.store).items() if since > as_of}

    def _quotes(self, last: date, *, as_known: bool = True) -> Quotes | None:
        parts = self._prices.parts(last)
        if not parts:
            return None
        tables = [part.table for part in parts]
        unknown = self._unknown(last) if as_known else set()
        whole = combine(tables, [part.days for part in parts], self.commodity)
        kept = whole.until(last, unknown)
        return kept if len(kept.days) else None

    def _revision_key(self, revision: Revision) -> str:
        return f"revisions/{revision.block_date}/{revision.name}.parquet"
