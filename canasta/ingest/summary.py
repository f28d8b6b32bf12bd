"""What one intake did, for logs, messages and the steps that follow."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date
from enum import StrEnum

from canasta.ingest.quality import Finding
from canasta.ingest.quarantine import Quarantined
from canasta.ingest.revisions import Revision
from canasta.ingest.source import Publication

REVISION = "revision"
"""Kind of the flag of a publication whose prices were corrected."""


class Outcome(StrEnum):
    """How an intake ended. An unreachable source and a foreign file are errors, not outcomes."""

    NEW = "new-publication"
    QUARANTINED = "quarantined"
    NOTHING_NEW = "no-new-publication"


@dataclass(frozen=True, slots=True)
class Flag:
    """Something to tell about a publication: accepted now, or corrected now."""

    date: date
    finding: Finding


@dataclass(frozen=True, slots=True)
class IngestSummary:
    """What one intake did.

    Attributes:
        as_of: the day the run stood for.
        outcome: whether the history grew at its end.
        publication_date, publication_url: the file that was new; None where there was none.
        new: the newest publication, where this run accepted it.
        backfilled: older ones that were missed or lost, and are there now, ascending.
        revised: corrections of publications already there.
        released: dates of quarantined blocks that were accepted after all.
        quarantined: blocks that failed now, for the first time.
        waiting: every quarantined block of the file that is not what the lake holds, those of
            earlier runs too.
        flags: what is odd about the publications accepted now, and what was corrected.
        newest: the newest accepted publication on or before `as_of`; None: the lake is empty.
    """

    as_of: date
    outcome: Outcome
    publication_date: date | None
    publication_url: str | None
    new: tuple[date, ...]
    backfilled: tuple[date, ...]
    revised: tuple[Revision, ...]
    released: tuple[date, ...]
    quarantined: tuple[Quarantined, ...]
    waiting: tuple[Quarantined, ...]
    flags: tuple[Flag, ...]
    newest: date | None


@dataclass
class Tally:
    """What an intake has done so far."""

    accepted: list[date] = field(default_factory=list)
    revised: list[Revision] = field(default_factory=list)
    released: list[date] = field(default_factory=list)
    quarantined: list[Quarantined] = field(default_factory=list)
    waiting: list[Quarantined] = field(default_factory=list)
    flags: list[Flag] = field(default_factory=list)

    def summary(
        self, as_of: date, found: Publication | None, before: date | None, after: date | None
    ) -> IngestSummary:
        """Close the tally.

        Args:
            as_of: the day the run stood for.
            found: the file that was new.
            before: the newest accepted publication before the run.
            after: the newest one now.
        """
        grown = after != before
        new = tuple(day for day in self.accepted if grown and day == after)
        return IngestSummary(
            as_of=as_of,
            outcome=self._outcome(found, before, grown=grown),
            publication_date=found.date if found else None,
            publication_url=found.url if found else None,
            new=new,
            backfilled=tuple(sorted(day for day in self.accepted if day not in new)),
            revised=tuple(self.revised),
            released=tuple(self.released),
            quarantined=tuple(self.quarantined),
            waiting=tuple(self.waiting),
            flags=tuple(self.flags),
            newest=after,
        )

    def _outcome(self, found: Publication | None, before: date | None, *, grown: bool) -> Outcome:
        if grown:
            return Outcome.NEW
        days = [block.block_date for block in self.waiting]
        held_back = any(day is None or before is None or day > before for day in days)
        return Outcome.QUARANTINED if found and held_back else Outcome.NOTHING_NEW
