"""What happened to publications lately, read back from the lake.

An intake tells what it did once, to the run that made it; a run that is killed takes that along.
The lake keeps all of it but the flags, which follow from the prices.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta

from canasta.ingest.block import Block
from canasta.ingest.intake import unsettled
from canasta.ingest.lake import Lake
from canasta.ingest.late import read_late
from canasta.ingest.quality import Context, judge
from canasta.ingest.quarantine import Quarantined
from canasta.ingest.revisions import Revision
from canasta.ingest.summary import Flag
from canasta.parameters import QualityLimits

RECENT = timedelta(days=30)
"""What happened before is no news."""


@dataclass(frozen=True, slots=True)
class Events:
    """What happened to publications.

    Attributes:
        quarantined: blocks that were held back, and that the newest workbook still states, in the
            order in which they were first seen.
        revised: corrections, in the order in which they apply.
        released: dates of publications that left quarantine, ascending: the lake holds them now.
    """

    quarantined: Sequence[Quarantined] = field(default=())
    revised: Sequence[Revision] = field(default=())
    released: Sequence[date] = field(default=())

    @property
    def names(self) -> set[str]:
        """One name for each of them, the same whenever it is read."""
        return {
            *(_held(one) for one in self.quarantined),
            *(_corrected(one) for one in self.revised),
            *(_released(day) for day in self.released),
        }

    def without(self, known: set[str]) -> Events:
        """Return those whose names are not `known`."""
        return Events(
            [one for one in self.quarantined if _held(one) not in known],
            [one for one in self.revised if _corrected(one) not in known],
            [day for day in self.released if _released(day) not in known],
        )


def recent_events(lake: Lake, as_of: date) -> Events:
    """Return what happened within RECENT up to `as_of`."""
    since = as_of - RECENT
    held = [one for one in lake.quarantine.all() if since <= one.first_seen <= as_of]
    late = read_late(lake.store)
    released = {day for day, known in late.items() if since <= known <= as_of}
    if held:
        # Of one that a person accepted on its own day, no record says that it is late.
        open_keys = {one.key for one in unsettled(lake, as_of)}
        free = [one for one in held if one.prices is not None and one.key not in open_keys]
        released |= {one.block_date for one in free if one.block_date is not None}
        stated = {one.key for one in lake.stated(as_of)}
        held = [one for one in held if one.key in stated]
    revised = [one for one in lake.revisions(as_of) if one.first_seen >= since]
    return Events(held, revised, sorted(released))


def publication_flags(lake: Lake, day: date, limits: QualityLimits, as_of: date) -> list[Flag]:
    """Return what is odd about an accepted publication, from its prices alone.

    Args:
        lake: that holds it.
        day: its date.
        limits: thresholds of the contract.
        as_of: the day whose knowledge counts.
    """
    cells = lake.cells(as_of)
    previous = max((known for known in cells if known < day), default=None)
    context = Context(lake.commodity, limits, None if previous is None else cells[previous])
    found = judge(Block(day, cells.get(day, {}), None), context)
    return [Flag(day, finding) for finding in found.flags]


def _held(block: Quarantined) -> str:
    return f"quarantined {block.block_date} {block.sha256[:16]}"


def _corrected(revision: Revision) -> str:
    return f"revised {revision.block_date} {revision.name[:16]}"


def _released(day: date) -> str:
    return f"released {day}"
