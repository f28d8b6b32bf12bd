"""One intake: from the source's newest file to a complete lake.

A file is cumulative, so one pass over its blocks does everything: the new publication, those
that were missed or lost, and corrections of those already there. Where the source has nothing
newer, the pass runs over the newest workbook in the lake itself: that completes what a killed
run began, and mends gaps. Everything is written once under a name that its content decides, so
a second pass over the same file writes nothing.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right, insort
from collections.abc import Callable, Mapping, Sequence
from datetime import date, timedelta

from canasta.commodity import Commodity
from canasta.errors import LakeMismatch, NotAWorkbook, PublicationError
from canasta.ingest import quarantine, source, workbook
from canasta.ingest.block import Block
from canasta.ingest.identity import SourceKind
from canasta.ingest.lake import Lake
from canasta.ingest.quality import (
    Cells,
    Context,
    Finding,
    changed_share,
    cleaned,
    judge,
)
from canasta.ingest.quarantine import Quarantined, acceptable
from canasta.ingest.received import Received
from canasta.ingest.refusals import refuse
from canasta.ingest.revisions import Revision, applied, changes, undone
from canasta.ingest.source import Publication
from canasta.ingest.summary import REVISION, Flag, IngestSummary, Tally
from canasta.ingest.workbook import Parsed
from canasta.parameters import QualityLimits

type Finder = Callable[[str, Commodity, date, date | None], Publication | None]


def ingest(
    lake: Lake,
    source_url: str,
    as_of: date,
    limits: QualityLimits,
    find: Finder = source.find,
) -> IngestSummary:
    """Bring the lake up to date as of a day. The caller holds the lake's lock.

    Args:
        lake: where to.
        source_url: the folder of publications, as `source.find` takes it.
        as_of: the day the run stands for; later blocks are ignored.
        limits: thresholds of the contract.
        find: how to find a publication.

    Raises:
        NoPublication: see `source.find`. Nothing was written.
        SourceUnreachable: see there. What may have come of the file is kept as below.
        NotAWorkbook: what came is no workbook of this commodity; its bytes are kept in `raw/`,
            the reason in `refused/`.
        LakeMismatch: what came is simulated and the lake is not, or the reverse; kept likewise.
    """
    lake.store.remove_partial_files()
    before = _newest(lake, as_of)
    found = _found(lake, find, source_url, as_of, before)
    tally = Tally()
    file, parsed = _receive(lake, found) if found else _reread(lake, as_of)
    if file is not None:
        _Pass(lake, file.date, file.sequence, limits, tally).over(parsed, as_of)
    lake.join_due()
    if found is not None:
        tally.flags += _without_its_block(found, parsed)
        tally.flags += _far_ahead(found, parsed, limits)
    return tally.summary(as_of, found, before, _newest(lake, as_of))


def release(lake: Lake, day: date, seen: date, limits: QualityLimits) -> Quarantined:
    """Accept the quarantined block of `day` by hand; the last one, where there are several.

    It may be one that the source has withdrawn, if no other is left.

    Args:
        lake: that holds it. The caller holds its lock.
        day: the block's date.
        seen: the day of the decision: what it changes in an accepted publication is a revision
            first seen then.
        limits: thresholds of the contract.

    Raises:
        LakeError: no block of that date is unsettled, or it holds no prices.
    """
    known, stated = lake.cells(seen), {block.key for block in lake.stated(seen)}
    held = [one for one in lake.quarantine.of(day) if _is_unsettled(one, known, lake.commodity)]
    block = acceptable(day, sorted(held, key=lambda one: one.key in stated), lake.commodity)
    lake.quarantine.accept(block)
    sequence = lake.received.note_decision(seen, block.sha256, block.key).sequence
    work = _Pass(lake, seen, sequence, limits, Tally())
    work.keep(day, cleaned(block.prices or {}, lake.commodity))
    return block


def unsettled(lake: Lake, seen: date) -> list[Quarantined]:
    """Return the quarantined blocks that are not what the lake holds, as known on `seen`.

    Those that the source has withdrawn are among them: the lake never came to hold them.
    """
    known = lake.cells(seen)
    return [one for one in lake.quarantine.all() if _is_unsettled(one, known, lake.commodity)]


def waiting(lake: Lake, seen: date) -> list[Quarantined]:
    """Return the unsettled blocks that the newest workbook, as of `seen`, still states."""
    stated = lake.stated(seen)
    known = lake.cells(seen) if stated else {}
    return [one for one in stated if _is_unsettled(one, known, lake.commodity)]


def _is_unsettled(block: Quarantined, known: Mapping[date, Cells], commodity: Commodity) -> bool:
    # A block whose date cannot be read is taken for that of the file that held it.
    stored = known.get(block.block_date or block.first_seen)
    if stored is None:
        return True
    return block.prices is not None and bool(changes(stored, cleaned(block.prices, commodity)))


def _newest(lake: Lake, as_of: date) -> date | None:
    return max((day for day in lake.dates() if day <= as_of), default=None)


def _found(
    lake: Lake, find: Finder, url: str, as_of: date, before: date | None
) -> Publication | None:
    try:
        return find(url, lake.commodity, as_of, before)
    except PublicationError as error:
        if error.arrived is not None:
            refuse(lake, error.arrived, error)
        raise


def _receive(lake: Lake, publication: Publication) -> tuple[Received | None, Parsed]:
    sha256 = lake.received.keep(publication.content)
    try:
        parsed = workbook.parse(publication.content, lake.commodity)
        lake.claim(_kind(parsed), publication.url)
    except (NotAWorkbook, LakeMismatch) as error:
        refuse(lake, publication, error)
        raise
    return lake.received.note(publication, sha256, parsed.layout), parsed


def _kind(parsed: Parsed) -> SourceKind:
    return SourceKind.SIMULATED if parsed.simulated else SourceKind.SNIIM


def _reread(lake: Lake, as_of: date) -> tuple[Received | None, Parsed]:
    file = lake.received.newest(as_of)
    if file is None:
        return None, Parsed([], [])
    return file, workbook.parse(lake.received.content(file), lake.commodity)


def _without_its_block(publication: Publication, parsed: Parsed) -> list[Flag]:
    dates = {block.date for block in parsed.blocks} | {block.date for block in parsed.broken}
    if publication.date in dates:
        return []
    detail = f"{publication.url} holds no block of {publication.date}"
    return [Flag(publication.date, Finding("file-without-its-block", detail))]


def _far_ahead(publication: Publication, parsed: Parsed, limits: QualityLimits) -> list[Flag]:
    """Tell of blocks dated long after the file that holds them: mistyped, for all we know."""
    last = publication.date + timedelta(days=limits.isolated_days)
    detail = f"is dated far after its file, of {publication.date}: ignored"
    return [
        Flag(publication.date, Finding("date-far-ahead", f"a block of {block.date} {detail}"))
        for block in parsed.blocks
        if block.date > last
    ]


class _Pass:
    """One pass over a file's blocks, in the order of their dates.

    Args:
        lake: compared with, and written to.
        seen: the file's date: revisions count as first seen then.
        sequence: which file of that date it is.
        limits: thresholds of the contract.
        tally: where to note what is done.
    """

    def __init__(
        self, lake: Lake, seen: date, sequence: int, limits: QualityLimits, tally: Tally
    ) -> None:
        self._lake = lake
        self._seen = seen
        self._sequence = sequence
        self._limits = limits
        self._tally = tally
        # As this file's date knew them: an old file that is read late must not undo, in the
        # eyes of later dates, what newer files have corrected since.
        revisions = lake.revisions(date.max)
        self._earlier = [revision for revision in revisions if revision.first_seen <= seen]
        self._later = [revision for revision in revisions if revision.first_seen > seen]
        self._known: dict[date, Cells] = dict(lake.cells(seen))
        self._dates = sorted(self._known)

    def over(self, parsed: Parsed, as_of: date) -> None:
        """Take every block on or before `as_of`."""
        stated = [block.date for block in parsed.blocks]
        for block in parsed.blocks:
            if block.date <= as_of:
                self._take(block, _after(block.date, stated))
        for broken in parsed.broken:
            if broken.date is None or broken.date <= as_of:
                self._hold(quarantine.from_broken(broken, self._seen))

    def keep(self, day: date, cells: Cells) -> None:
        """Write clean cells: a publication where there is none of that date, else a revision."""
        if day in self._known:
            changed = changes(self._known[day], cells)
            revision = Revision(day, self._seen, self._sequence, changed)
            self._lake.add_revision(revision)
            self._tally.revised.append(revision)
            self._tally.flags.append(Flag(day, _told(revision)))
        else:
            if self._was_held_back(day):
                self._lake.note_late(day, self._seen)
            # A lost publication comes back as it first was; its revisions are still there.
            self._lake.add_publication(day, undone(cells, _of(day, self._earlier)))
            self._tally.accepted.append(day)
            insort(self._dates, day)
        self._known[day] = cells

    def _was_held_back(self, day: date) -> bool:
        """Tell whether an earlier file held a block of `day` that was quarantined."""
        held = self._lake.quarantine.of(day) if day < self._seen else []
        return any(block.first_seen < self._seen for block in held)

    def _take(self, block: Block, following: date | None) -> None:
        known = self._known.get(block.date)
        cells = cleaned(block.prices, self._lake.commodity)
        if known is not None and self._is_stored(block.date, known, cells):
            return
        previous = self._before(block.date)
        neighbours = (following, _after(block.date, self._dates))
        next_day = min((day for day in neighbours if day is not None), default=None)
        verdict = judge(block, Context(self._lake.commodity, self._limits, previous, next_day))
        reasons = [*verdict.reasons, *self._rewritten(known, cells)]
        if reasons and not self._hold(quarantine.from_block(block, self._seen, reasons)):
            return
        if known is None:
            self._tally.flags += [Flag(block.date, finding) for finding in verdict.flags]
        self.keep(block.date, cells)

    def _is_stored(self, day: date, known: Cells, cells: Cells) -> bool:
        """Tell whether the lake says so already, at the file's date or by now."""
        by_now = applied(known, _of(day, self._later))
        return not changes(known, cells) or not changes(by_now, cells)

    def _hold(self, block: Quarantined) -> bool:
        """Keep a block in quarantine; tell whether it may leave it now."""
        held = self._lake.quarantine
        is_new = held.add(block, self._seen)
        free = held.released(block, self._limits.confirmations, self._seen)
        if free and block.block_date is not None:
            self._tally.released.append(block.block_date)
            return True
        if _is_unsettled(held.read(block.key), self._known, self._lake.commodity):
            self._tally.waiting.append(block)
        if is_new:
            self._tally.quarantined.append(block)
        return False

    def _rewritten(self, known: Cells | None, cells: Cells) -> list[Finding]:
        """Return a reason where a copy of an accepted block has become another block."""
        share = None if known is None else changed_share(cells, known)
        if share is None or share <= self._limits.max_changed_share:
            return []
        return [Finding("rewritten", f"{share:.0%} of the accepted prices are stated otherwise")]

    def _before(self, day: date) -> Cells | None:
        """Return the accepted publication before `day`."""
        at = bisect_left(self._dates, day)
        return self._known[self._dates[at - 1]] if at else None


def _after(day: date, ascending: Sequence[date]) -> date | None:
    at = bisect_right(ascending, day)
    return ascending[at] if at < len(ascending) else None


def _told(revision: Revision) -> Finding:
    """Describe a revision: how many prices, and the first of them."""
    (key, (old, new)), *others = sorted(revision.changes.items(), key=lambda item: item[0])
    stated = ["not quoted" if price is None else f"{price:g}" for price in (old, new)]
    more = f", and {len(others)} more" if others else ""
    return Finding(REVISION, f"{', '.join(key)}: {stated[0]} became {stated[1]}{more}")


def _of(day: date, revisions: list[Revision]) -> list[Revision]:
    return [revision for revision in revisions if revision.block_date == day]
