"""What flows tell people. Nothing here ever fails a flow: what goes wrong is logged.

Each function puts messages into the outbox, where each event is taken once: a run may say
everything again, and a run that was killed is made up for by the next one. `flush` sends. Runs as
of a past day call none of them.
"""

from __future__ import annotations

import hashlib
import logging
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, nullcontext
from dataclasses import replace
from datetime import UTC, date, datetime
from itertools import islice
from logging.handlers import RotatingFileHandler
from pathlib import Path
from typing import Any

import pandas as pd
from prefect import task
from prefect.cache_policies import NO_CACHE
from prefect.exceptions import MissingContextError
from prefect.logging import get_run_logger

from canasta.deliver.messages import alerts
from canasta.deliver.messages.decisions import decision
from canasta.deliver.messages.digest import Digest, digest, digest_key
from canasta.deliver.messages.drift import drifted
from canasta.deliver.messages.message import Document, Message
from canasta.deliver.messages.wording import Marks
from canasta.deliver.outbox import MAX_AGE, Delivery, Outbox, outbox_folder
from canasta.deliver.publish import Published
from canasta.deliver.report import ModelName
from canasta.deliver.telegram import TelegramSender
from canasta.errors import CanastaError, RunInProgress
from canasta.ingest.events import Events, publication_flags, recent_events
from canasta.ingest.layout import differences
from canasta.ingest.quarantine import Quarantined
from canasta.ingest.summary import Flag, IngestSummary
from canasta.monitor.episode import continued, is_news
from canasta.monitor.freshness import freshness
from canasta.monitor.live import LiveSkill
from canasta.monitor.verdict import Verdict
from canasta.registry.decisions import newest_first
from canasta.registry.panels import read_panel
from canasta.registry.pointer import Pointer
from canasta.settings import Settings, read_settings
from canasta.store import store_for
from orchestration.tasks.failures import failure, shown
from orchestration.workspace import Workspace, monitor_dir, reading

log = logging.getLogger(__name__)

LOG_FILE = "messages.log"
"""In MONITOR_DIR: what could not be sent, or nobody is there to send to."""
LOG_BYTES = 1_000_000
RECORDS = 10
"""Decisions that are looked through for news, the newest: a run makes three at most."""
DRIFT, EVENTS = "drift", "events"
"""What goes on for days, of which the outbox remembers what was told."""
BEGUN = "begun"
"""Marks that the outbox knows its lake, though nothing may have happened there yet."""


def tell_quarantine(work: Workspace, ingested: IngestSummary) -> None:
    """Tell what was held back, let in again, or found corrected; and a new layout.

    It is read from the lake, so that what a killed run took in is told by the next. Of a lake
    that was there before its outbox, only what this intake did is news.
    """
    with _harmless("what came in"):
        box, marks = outbox_of(work), _marks(work)
        events = recent_events(work.lake, ingested.as_of)
        known = _known_events(box, events, ingested)
        news = events.without(known)
        place_at = work.commodity.keys.columns.index(_place(work))
        _put(work, alerts.quarantined(_still_held(news), _admission(work), marks, news.released))
        _put(work, alerts.revised(news.revised, place_at, marks))
        _put(work, _layout(work, marks))
        # Last: a run that is killed before tells the same again, under the same keys.
        box.set_state(EVENTS, [BEGUN, *sorted(events.names & known | news.names)])


def tell_drift(work: Workspace, verdict: Verdict, *, searches: bool = False) -> None:
    """Tell a drift verdict where it is news: a check is told once in an episode.

    Args:
        work: the workspace.
        verdict: of the newest publication.
        searches: whether this run searches for a better model.
    """
    with _harmless("drift"):
        box = outbox_of(work)
        known = box.state(DRIFT)
        if is_news(known, verdict):
            safe = replace(verdict, failure=shown(verdict.failure, work.settings))
            box.put(drifted(safe, _marks(work), work.commodity.unit, searches=searches))
        box.set_state(DRIFT, continued(known, verdict))


def tell_decision(work: Workspace) -> None:
    """Tell the newest changes of champion, whoever made them."""
    with _harmless("decisions"):
        oldest = work.registry.clock() - MAX_AGE  # a new MONITOR_DIR begins with the news alone
        for key, record in islice(newest_first(work.store), RECORDS):
            if record.time >= oldest:
                _put(work, decision(key, record, _marks(work)))


def tell_digest(
    work: Workspace,
    pointer: Pointer,
    published: Published,
    report: pd.DataFrame,
    *,
    ingested: IngestSummary | None = None,
    skill: LiveSkill | None = None,
    drift: Verdict | None = None,
) -> None:
    """Tell the newest publication, once, with chart and files.

    Args:
        work: the workspace.
        pointer: what is live.
        published: where the report lies.
        report: of the next publication.
        ingested: the run's intake, for the publication's flags.
        skill: of the champion's published forecasts.
        drift: the day's verdict.
    """
    with _harmless("the digest"):
        if outbox_of(work).knows(digest_key(pointer.origin)):
            return
        live = read_panel(work.store, pointer.panel)
        files = (published.csv, published.workbook)
        made_of = Digest(
            commodity=work.commodity,
            panel=live.panel,
            outlook=live.outlook,
            report=report,
            model=ModelName(pointer.title.recipe.algorithm, live.version, work.simulated),
            marks=_marks(work),
            files=[Document(path.name, path.read_bytes()) for path in files],
            flags=_flags(work, pointer.origin, ingested),
            skill=skill,
            drift=drift,
        )
        _put(work, digest(made_of))


def tell_late(work: Workspace) -> None:
    """Tell that today's publication has not come by the evening, or none for a week."""
    with _harmless("what is late"):
        now = work.registry.clock().astimezone(work.commodity.time_zone)
        if work.is_replay or now.date() != work.as_of:
            return
        found = freshness(work.commodity.publication_calendar, work.came, now)
        marks = _marks(work)
        if found.newest is not None and found.stands_still:
            _put(work, alerts.unwritten(found.newest, found.missed, marks))
        elif found.late is not None:
            _put(work, alerts.late(found.late, work.newest, marks))


@task(name="tell", cache_policy=NO_CACHE)
def flush(work: Workspace) -> Delivery:
    """Send what waits; without credentials, or in a replay, it goes to the log."""
    with work.display.step("Messages") as told:
        done = Delivery()
        with _harmless("sending"):
            done = _flush(work.settings, outbox_of(work), is_replay=work.is_replay)
        told(_summary(done, work.monitor_dir))
    return done


def tell_failure(flow: Any, flow_run: Any, state: Any) -> None:
    """Tell which step of a run failed, and how to run it again: a hook, on_failure and on_crashed.

    Not told are a run that found another one at work, one that a person or `make stop` ended, and
    what the person who started it sees fail: a run as of a past day, and one of a report alone.

    Args:
        flow: Prefect's.
        flow_run: likewise.
        state: in which it ended.
    """
    with _harmless("a failure"):
        error = state.result(raise_on_failure=False)
        if not isinstance(error, Exception) or isinstance(error, RunInProgress):
            return
        given = dict(flow_run.parameters or {})
        if not given.get("ingest", True):
            return
        settings = read_settings()
        marks = _marks_if_live(settings, given.get("execution_date"))
        if marks is None:
            return
        folder = monitor_dir(settings, replay=marks.replay)
        box = _outbox(folder, store_for(settings.lake).url)
        box.put(failure(flow.name, given, error, settings, marks))
        _flush(settings, box, is_replay=marks.replay)


def outbox_of(work: Workspace) -> Outbox:
    """Return the outbox of a run's lake."""
    return _outbox(work.monitor_dir, work.store.url)


def _outbox(folder: Path, lake_url: str) -> Outbox:
    box = outbox_folder(folder, lake_url)
    return Outbox(box, lambda: datetime.now(UTC), _note_in(folder))


def _marks_if_live(settings: Settings, execution_date: str | None) -> Marks | None:
    """Return the marks of the lake that a run worked on; None for a run as of a past day."""
    try:
        work = reading(execution_date)
        return None if work.back_dated else _marks(work)
    except CanastaError:
        # The lake cannot be read: that may be what failed.
        return None if execution_date else Marks(settings.simulated)


def _flush(settings: Settings, box: Outbox, *, is_replay: bool) -> Delivery:
    """Send what waits; the past, replayed, reaches nobody but a Telegram of this machine."""
    token, chat = settings.telegram_bot_token.get_secret_value(), settings.telegram_chat_id
    is_sent = bool(token and chat) and (settings.telegram_is_loopback or not is_replay)
    sending = (
        TelegramSender(token, chat, settings.telegram_api_url) if is_sent else nullcontext(None)
    )
    with sending as sender:
        return box.send_all(sender)


def _summary(done: Delivery, folder: Path) -> str:
    log_file = folder / LOG_FILE
    counts = {
        "sent": done.sent,
        f"in {log_file}": done.logged,
        f"that nobody was told, in {log_file}": done.lost,
        "waiting": done.waiting,
    }
    told = [f"{count} {what}" for what, count in counts.items() if count]
    reason = f": {done.reason}" if done.reason else ""
    return f"{', '.join(told) or 'nothing new'}{reason}"


def _put(work: Workspace, message: Message | None) -> None:
    if message is not None:
        outbox_of(work).put(message)


def _marks(work: Workspace) -> Marks:
    return Marks(work.simulated, work.is_replay)


def _admission(work: Workspace) -> alerts.Admission:
    return alerts.Admission(work.commodity, work.parameters.quality.confirmations)


def _place(work: Workspace) -> str:
    """Return the key column of the nearest place: the city."""
    keys = work.commodity.keys
    return [name for name in keys.columns if name not in keys.slices][-1]


def _flags(work: Workspace, origin: date, ingested: IngestSummary | None) -> Sequence[Flag]:
    """Return what is odd about the newest publication; an earlier run may have taken it in."""
    if ingested is not None and origin in ingested.new:
        return ingested.flags
    return publication_flags(work.lake, origin, work.parameters.quality, work.as_of)


def _known_events(box: Outbox, events: Events, ingested: IngestSummary) -> set[str]:
    """Return the names of what is no news."""
    told = box.state(EVENTS)
    if told:
        return set(told) - {BEGUN}
    now = Events(ingested.quarantined, ingested.revised, ingested.released)
    return events.names - now.names


def _still_held(events: Events) -> list[Quarantined]:
    """Return the blocks that were held back and have not been let in since."""
    return [one for one in events.quarantined if one.block_date not in events.released]


def _layout(work: Workspace, marks: Marks) -> Message | None:
    """Tell that the newest workbook looks otherwise than the one before, if it does."""
    files = [file for file in work.lake.received.all() if not file.accepted]
    if not files[1:]:
        return None
    before, after = files[-2:]
    old, new = (work.lake.received.layout(file) for file in (before, after))
    changed = differences(old, new) if old and new else []
    if not changed:
        return None
    fingerprint = hashlib.sha256("\n".join(new).encode()).hexdigest()
    return alerts.layout_changed(after.date, before.date, fingerprint, changed, marks)


@contextmanager
def _harmless(what: str) -> Iterator[None]:
    try:
        yield
    except Exception:  # noqa: BLE001 # people wait, the flow goes on, and the log says why
        _logger().exception("%s could not be told", what)


def _note_in(folder: Path) -> Callable[[str], None]:
    def note(text: str) -> None:
        _logger().info("%s", text)
        folder.mkdir(parents=True, exist_ok=True)
        file = RotatingFileHandler(
            folder / LOG_FILE, maxBytes=LOG_BYTES, backupCount=1, encoding="utf-8"
        )
        try:
            file.emit(logging.makeLogRecord({"msg": f"{datetime.now(UTC):%F %T} UTC\n{text}\n"}))
        finally:
            file.close()

    return note


def _logger() -> Any:
    """Return the run's logger, whose lines Prefect shows; outside of runs, this module's."""
    try:
        return get_run_logger()
    except MissingContextError:
        return log
