"""`make backfill`: past days, one after the other, each as if it were today, on a replay lake."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date, timedelta

from canasta.errors import CanastaError, NoPublication, PublicationError, SettingsError
from canasta.ingest.replayed import newest_replayed
from canasta.ingest.source import WALK_DAYS, find
from canasta.settings import read_settings
from orchestration.flows.replay import replay_day
from orchestration.workspace import Workspace, writing
from simulate_publication import ensure_simulated

DAY = timedelta(days=1)
EACH_DATE = (
    "`make simulate HISTORY=<folder of real prices> ARGS=--every` writes a file for each date "
    "into PUBLICATIONS"
)


def backfill(since: str, until: str) -> None:
    """Run the pipeline for each day that brought a new file, in order; tell of each in a line.

    Days that an earlier, interrupted replay has done are left out.

    Args:
        since: the first day, as YYYY-MM-DD.
        until: the last day; today at the latest.

    Raises:
        SettingsError: a date cannot be used.
        LakeMismatch: the lake is no replay lake, and not empty.
        NoPublication: an empty lake, and no file for it.
        CanastaError: what stopped the run of a day.
    """
    first, last = _span(since, until, read_settings().today())
    with writing(replay=True) as work:
        replayed, newest = newest_replayed(work.store), work.newest
    # The newest publication may be there and its day not done, where a run was killed.
    reached = max(replayed or date.min, newest - DAY if newest else date.min)
    replay = _Replay(work, known=replayed, empty=newest is None)
    begin = max(first, reached + DAY)
    try:
        for day in _days(begin, last):
            replay.take(day)
            if replay.empty and day - first >= WALK_DAYS * DAY:
                break
    except (CanastaError, OSError):
        work.display.print(
            "Stopped there. The same command goes on from that day; a later FROM leaves days out."
        )
        raise
    replay.close(first, last, reached)


@dataclass
class _Replay:
    """A replay under way.

    Attributes:
        work: whose settings and commodity hold; its lock is not held between two days.
        known: up to this day, no file is asked for any more.
        empty: whether the lake holds nothing yet.
        done: days that were replayed.
        missing: expected publications that had no file of their own.
    """

    work: Workspace
    known: date | None
    empty: bool
    done: list[date] = field(default_factory=list)
    missing: list[date] = field(default_factory=list)

    def take(self, day: date) -> None:
        """Replay `day`, if it brought a new file."""
        if self._brought_a_file(day):
            self._run(day)
        elif self.work.commodity.publication_calendar.is_expected(day):
            self.missing.append(day)
        self.known = day

    def close(self, first: date, last: date, reached: date) -> None:
        """Say what was done in all.

        Raises:
            NoPublication: nothing, and the lake is empty.
        """
        if self.empty:
            raise NoPublication(
                f"Expected a publication for the days from {first} on, found none: a replay needs "
                "the file of each date, and a source that holds only the newest one cannot be "
                f"replayed. {EACH_DATE}. Or choose a later FROM, or check PUBLICATION_URL."
            )
        plural = "" if len(self.done) == 1 else "s"
        lines = [f"Replayed  {len(self.done)} publication{plural} of {first} to {last}"]
        if reached >= first:
            lines += [f"days up to {min(reached, last)} had been done before"]
        if self.missing:
            lines += [f"no file of {len(self.missing)} expected ones, the last {self.missing[-1]}"]
        lines += [f"reports in {self.work.reports_dir}"]
        lines += [f"set LAKE_URL={self.work.store.url} for `make status`, `make backtest` …"]
        self.work.display.print("\n          ".join(lines))

    def _brought_a_file(self, day: date) -> bool:
        settings = self.work.settings
        try:
            if settings.simulated:
                ensure_simulated(settings, day)
            return find(settings.source_url, self.work.commodity, day, self.known) is not None
        except NoPublication:
            return False
        except PublicationError:
            return True  # the day's run keeps what came, and says what is wrong with it

    def _run(self, day: date) -> None:
        with self.work.display.step(f"Replay {day}") as told:
            made = replay_day(day.isoformat())
            told(f"{made.read}; {made.decided}; {made.report}")
        self.done.append(day)
        self.empty = False


def _span(since: str, until: str, today: date) -> tuple[date, date]:
    first, last = _date("FROM", since), _date("TO", until)
    if first > last:
        raise SettingsError(f"FROM={first} lies after TO={last}. Choose an earlier FROM.")
    if last > today:
        raise SettingsError(f"TO={last} is to come: today is {today}. Choose no later TO.")
    return first, last


def _date(name: str, text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise SettingsError(f"{name}={text!r} is no date; write it as YYYY-MM-DD.") from None


def _days(first: date, last: date) -> Iterator[date]:
    for count in range((last - first).days + 1):
        yield first + count * DAY
