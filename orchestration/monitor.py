"""`make monitor`: the page over the archive, written anew, and served beside the work."""

from __future__ import annotations

import logging
from datetime import date, datetime
from pathlib import Path

from canasta.deliver.messages.wording import Marks
from canasta.deliver.monitor.facts import Facts
from canasta.deliver.monitor.page import page
from canasta.deliver.outbox import Outbox, outbox_folder
from canasta.ingest.intake import waiting
from canasta.ingest.replayed import newest_replayed
from canasta.monitor.archive import DRIFT, PERFORMANCE, Archive, leave_out
from canasta.monitor.freshness import Freshness, freshness
from canasta.monitor.last_run import read_last_run
from canasta.monitor.outcomes import read_outcomes
from canasta.monitor.verdict import Verdict, verdict_of
from canasta.registry.decisions import read_newest
from canasta.registry.pointer import current
from canasta.store import store_for
from orchestration.background import RUN_FOLDER, find, start, stop
from orchestration.drift import archive_of
from orchestration.reign import reign_of
from orchestration.servers import MONITOR_PORT, introduced, monitor_server
from orchestration.workspace import Workspace, reading

log = logging.getLogger(__name__)

PAGE = "index.html"
YEAR = 160
"""Publications that the page looks back on, a year of three a week."""
RECORDS = 2 * YEAR
"""Decisions: a publication makes one or two."""


def open_monitor(folder: Path = RUN_FOLDER) -> None:
    """Write the page, serve it if it is not served yet, and say where it is.

    Raises:
        CanastaError: something that the page tells of cannot be read.
        ServerError: it cannot be served.
    """
    written = write_page(reading())
    server = monitor_server(written.parent)
    known = find(server.name, folder)
    if known is not None and server.command[-1] not in known.command:
        stop(known, folder)  # of another lake, or another MONITOR_DIR
    print(f"Page      {written}")
    print(introduced(start(server, folder), MONITOR_PORT))


def keep_page(work: Workspace) -> Path | None:
    """Write the page at the end of a run; never raise: nothing but reading it depends on it.

    Returns:
        Its path; None where it could not be written, which is logged.
    """
    try:
        return write_page(work)
    except Exception:  # logged; no run fails for a page
        log.exception("The page of %s could not be written.", work.as_of)
        return None


def write_page(work: Workspace) -> Path:
    """Write the page beside the archive's reports; return its path.

    Raises:
        CanastaError: something that it tells of cannot be read.
        OSError: it cannot be written.
    """
    folder = archive_of(work).folder
    store_for(str(folder)).replace(PAGE, page(facts_of(work)).encode())
    return folder / PAGE


def facts_of(work: Workspace) -> Facts:
    """Gather what the page tells, as known now; on a replay lake, as of the last replayed day.

    Raises:
        CanastaError: something cannot be read.
    """
    archive, reign = archive_of(work), reign_of(work)
    day = newest_replayed(work.store) or work.as_of
    now = work.registry.clock().astimezone(work.commodity.time_zone)
    box = _outbox(work)
    return Facts(
        commodity=work.commodity,
        marks=Marks(work.simulated, work.is_replay),
        made_at=now,
        lake=work.store.url,
        publications=tuple(known for known in work.lake.dates() if known <= day),
        freshness=None if work.is_replay else _freshness(work, now),
        gaps=work.lake.gaps(day),
        held=tuple(waiting(work.lake, day)),
        confirmations=work.parameters.quality.confirmations,
        champion=current(work.store),
        skill=None if reign is None else reign.skill(),
        outcomes=read_outcomes(work.store, YEAR),
        rule=work.parameters.live,
        drift=_verdicts(work, archive),
        reports={kind: _pages(archive, kind) for kind in (DRIFT, PERFORMANCE)},
        decisions=tuple(read_newest(work.store, RECORDS)),
        waiting=tuple(box.waiting()),
        told=tuple(box.told()),
        last_run=read_last_run(work.monitor_dir, work.commodity.name),
    )


def _outbox(work: Workspace) -> Outbox:
    folder = outbox_folder(work.monitor_dir, work.store.url)
    return Outbox(folder, work.registry.clock, log.info)


def _freshness(work: Workspace, now: datetime) -> Freshness:
    return freshness(work.commodity.publication_calendar, work.came, now)


def _verdicts(work: Workspace, archive: Archive) -> tuple[Verdict, ...]:
    """Return the newest verdict on each publication of this lake; a made-up one is the last choice.

    MONITOR_DIR may have been another lake's before.
    """
    newest: dict[date, tuple[bool, Verdict]] = {}
    for path, found in archive.newest_first(DRIFT):
        try:
            made_up, verdict = bool(found["backfilled"]), verdict_of(found["verdict"])
            ours = found["source"] == work.lake.source_kind.value
        except (KeyError, TypeError, ValueError) as error:
            leave_out(path, repr(error))
            continue
        known = newest.get(verdict.as_of)
        if known is None and len(newest) == YEAR:
            break
        if ours and (known is None or (known[0] and not made_up)):
            newest[verdict.as_of] = made_up, verdict
    return tuple(newest[day][1] for day in sorted(newest))


def _pages(archive: Archive, kind: str) -> dict[date, str]:
    """Return the pages of one kind by day, relative to the archive's folder."""
    return {day: f"{kind}/{path.name}" for day, path in archive.pages(kind).items()}
