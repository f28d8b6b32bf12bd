"""Messages on their way to people: each event is told once, and what cannot be sent waits.

    <folder>/waiting/<key>.json   a message with its photo and files, and how much of it is sent
    <folder>/told/<key>.json      that an event was told, when and how; kept for KEEP_MARKS
    <folder>/state/<topic>.json   what was told last of something that goes on for days
    <folder>/pause.json           until when the service asked to be left alone
    <folder>/.lock                held by the one run that sends

A message is put in before it is sent, in one atomic write, and its mark is written after. After
each part that is sent, the waiting file is replaced by one that says so. A run that is killed
between the sending of a part and that write sends this one part again: an alert told twice is
better than one that is lost. So is one whose answer did not come in time: nobody knows whether it
arrived.

A message that fails holds up no other: the next is tried, and what fails again and again while
others go out is left out. Texts and files fail apart: a service that takes no file is asked for
texts all the same.
"""

from __future__ import annotations

import hashlib
import json
import logging
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Protocol

from filelock import FileLock, Timeout

from canasta.deliver.messages.markup import plain
from canasta.deliver.messages.message import Kind, Message, Part, parts_of
from canasta.deliver.outbox_files import (
    LOST,
    TOLD,
    WAITING,
    How,
    Told,
    Waiting,
    as_json,
    decoded,
    encoded,
    mark,
    mark_of,
    told_key,
    waiting_key,
)
from canasta.errors import ChatClosed, ContentRefused, DeliveryPutOff
from canasta.store import Store

log = logging.getLogger(__name__)

MAX_WAITING = 200
"""Messages that wait; of more, the oldest are given up."""
MAX_AGE = timedelta(days=7)
"""A message that waited longer is no news any more."""
KEEP_MARKS = timedelta(days=400)
"""An event that was told is remembered for longer than it can come up again."""
PATIENCE_S = 60.0
"""Seconds that one run waits in all, where the service asks it to; longer waits are the next's."""
TRIED = 3
"""Texts on which a run fails before it takes the service for gone; files, before it tries none."""
CHANCES = 5
"""Runs in which the service may fail on a part while it takes others."""

HALF_WRITTEN_S = 3600.0
"""An age that no write reaches: what is half written then, a killed run left."""

STATE, PAUSE = "state", "pause.json"


class Sender(Protocol):
    """Brings one part to people."""

    def send(self, part: Part) -> None:
        """Send it.

        Raises:
            DeliveryPutOff: later, perhaps.
            ChatClosed: nobody can be reached.
            ContentRefused: this part cannot be sent.
        """


@dataclass
class Delivery:
    """What became of the messages that waited: how many."""

    sent: int = 0
    logged: int = 0
    """That went to the log, where nobody else is to be told."""
    lost: int = 0
    """That Telegram refuses, or that waited too long: they are in the log alone."""
    waiting: int = 0
    reason: str = ""
    """Why some wait on, or were refused; empty where none is."""

    def count(self, how: How, reason: str) -> None:
        """Count a message that waits no more."""
        self.sent += how is How.SENT
        self.logged += how is How.LOGGED
        self.lost += how in LOST
        self.reason = reason or self.reason


@dataclass
class _Failing:
    """The messages on which the service failed in a run, and how often it did since it worked."""

    messages: list[Waiting] = field(default_factory=list)
    texts: int = 0
    files: int = 0

    def add(self, one: Waiting) -> None:
        self.messages.append(one)
        if _tells_more(one):
            self.texts += 1
        else:
            self.files += 1


class Outbox:
    """The messages of one lake.

    Args:
        folder: a local one, of its own.
        clock: returns the time, with its zone.
        note: takes the text of a message that goes to the log instead.
        sleep: waits for so many seconds.
    """

    def __init__(
        self,
        folder: Path,
        clock: Callable[[], datetime],
        note: Callable[[str], None],
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self._store = Store(str(folder))
        self._folder = folder
        self._clock = clock
        self._note = note
        self._sleep = sleep

    def put(self, message: Message) -> bool:
        """Take in a message, unless its event was told or waits; tell whether it was taken."""
        key = message.key
        if self.knows(key):
            return False
        self._keep(Waiting(message, self._clock()))
        return True

    def knows(self, key: str) -> bool:
        """Tell whether the event was told, or waits to be."""
        return self._store.exists(told_key(key)) or self._store.exists(waiting_key(key))

    def state(self, topic: str) -> list[str]:
        """Return what was last told of a topic; nothing where that is not known."""
        try:
            return [str(one) for one in json.loads(self._store.read(f"{STATE}/{topic}.json"))]
        except (KeyError, TypeError, ValueError):
            return []

    def set_state(self, topic: str, told: Sequence[str]) -> None:
        """Remember what was told of a topic, so that only what is new in it is told again."""
        if self.state(topic) != list(told):
            self._store.replace(f"{STATE}/{topic}.json", as_json(list(told)))

    def waiting(self) -> list[Waiting]:
        """Return the messages that wait, the oldest first; what cannot be read is given up."""
        found = (self._read(key) for key in self._store.keys(WAITING))
        kept = (one for one in found if one is not None)
        return sorted(kept, key=lambda one: (one.since, one.message.key))

    def told(self) -> list[Told]:
        """Return the events that were told, the newest first; marks that cannot be read are not."""
        keys = self._store.keys(TOLD)
        found = [
            mark_of(key, mark) for key, mark in zip(keys, self._store.read_all(keys), strict=True)
        ]
        kept = (one for one in found if one is not None)
        return sorted(kept, key=lambda one: (one.at, one.key), reverse=True)

    def send_all(self, sender: Sender | None) -> Delivery:
        """Send what waits, in order, until nothing does or the service must be left alone.

        Nothing that the service does is raised. While another run sends, nothing is done.

        Args:
            sender: None: the messages go to the log, and count as told.
        """
        self._folder.mkdir(parents=True, exist_ok=True)
        lock = FileLock(self._folder / ".lock", timeout=0, fallback_to_soft=False)
        try:
            with lock:
                return self._send_all(sender)
        except Timeout:
            return Delivery(waiting=len(self.waiting()), reason="another run is sending")

    def _send_all(self, sender: Sender | None) -> Delivery:
        # Others put messages in meanwhile.
        self._store.remove_partial_files(HALF_WRITTEN_S)
        self._forget()
        delivery = Delivery()
        due = self._within_bounds(delivery)
        until = self._paused_until()
        if sender is not None and until is not None and until > self._clock():
            delivery.reason = f"Telegram asked to wait until {until}"
        else:
            self._send_in_order(due, sender, delivery)
        delivery.waiting = len(self.waiting())
        return delivery

    def _send_in_order(
        self, due: Sequence[Waiting], sender: Sender | None, delivery: Delivery
    ) -> None:
        failing, patience = _Failing(), PATIENCE_S
        for one in due:
            if failing.files >= TRIED and not _tells_more(one):
                continue
            try:
                left, patience = self._deliver(one, sender, patience)
            except DeliveryPutOff as error:
                self._pause(error.wait_s)
                now = self._read(waiting_key(one.message.key)) or one
                if now.sent > one.sent:
                    failing = self._blamed(failing)
                failing.add(now)
                log.warning("the message %s waits: %s", one.message.key, error)
                delivery.reason = str(error)
                if error.wait_s is not None or failing.texts >= TRIED:
                    return
                continue
            if left.how is How.SENT:
                failing = self._blamed(failing)
            delivery.count(left.how, left.reason)

    def _blamed(self, failing: _Failing) -> _Failing:
        """Blame what failed, since the service works: it is they that it does not take."""
        self._blame(failing.messages)
        return _Failing(files=failing.files)

    def _blame(self, failing: Sequence[Waiting]) -> None:
        """Count what the service did not take while it took others; leave out what it never does.

        A picture or a file is left out, the rest of its message goes out; a text goes to the log.
        """
        for one in failing:
            if one.failures + 1 < CHANCES:
                self._keep(replace(one, failures=one.failures + 1))
                continue
            reason = f"Telegram failed on it {CHANCES} times, and took other messages."
            part = parts_of(one.message)[one.sent]
            log.warning("%s of %s was left out: %s", part.kind, one.message.key, reason)
            if part.kind is Kind.TEXT:
                self._to_the_log(one, How.REFUSED, reason)
            else:
                self._keep(replace(one, sent=one.sent + 1, failures=0))

    def _deliver(self, one: Waiting, sender: Sender | None, patience: float) -> tuple[Told, float]:
        """Bring one message out; return what became of it, and the patience that is left."""
        if sender is None:
            return self._to_the_log(one, How.LOGGED), patience
        for position, part in enumerate(parts_of(one.message)):
            if position < one.sent:
                continue
            try:
                patience = self._send(part, sender, patience)
            except (ChatClosed, ContentRefused) as error:
                if isinstance(error, ChatClosed) or part.kind is Kind.TEXT:
                    log.warning("the message %s cannot be sent: %s", one.message.key, error)
                    return self._to_the_log(one, How.REFUSED, str(error)), patience
                log.warning("%s of %s was left out: %s", part.kind, one.message.key, error)
            self._keep(replace(one, sent=position + 1, failures=0))
        return self._close(one, How.SENT), patience

    def _send(self, part: Part, sender: Sender, patience: float) -> float:
        """Send one part, waiting as asked; as plain text once, where its HTML is refused."""
        while True:
            try:
                sender.send(part)
            except DeliveryPutOff as error:
                if error.wait_s is None or error.wait_s > patience:
                    raise
                self._sleep(error.wait_s)
                patience -= max(error.wait_s, 1.0)
            except ContentRefused:
                if part.kind is not Kind.TEXT or not part.is_html:
                    raise
                part = part.as_plain_text  # no loop over parts
            else:
                return patience

    def _to_the_log(self, one: Waiting, how: How, reason: str = "") -> Told:
        names = [file.name for file in one.message.documents]
        self._note(plain(one.message.text) + (f"\n[{', '.join(names)}]" if names else ""))
        return self._close(one, how, reason)

    def _close(self, one: Waiting, how: How, reason: str = "") -> Told:
        """Mark an event as told, then let its message go."""
        told = Told(one.message.key, self._clock(), how, reason)
        self._store.replace(told_key(told.key), as_json(mark(told, one.since)))
        self._remove(waiting_key(told.key))
        return told

    def _within_bounds(self, delivery: Delivery) -> list[Waiting]:
        """Return what is to be sent; what is told already, too old or too much goes."""
        found = []
        for one in self.waiting():
            if self._store.exists(told_key(one.message.key)):  # a run was killed in between
                self._remove(waiting_key(one.message.key))
            else:
                found.append(one)
        oldest = self._clock() - MAX_AGE
        surplus = max(0, len(found) - MAX_WAITING)
        given_up = [one for at, one in enumerate(found) if at < surplus or one.since < oldest]
        for one in given_up:
            log.warning("the message %s waited too long, and is given up", one.message.key)
            delivery.count(self._to_the_log(one, How.GIVEN_UP).how, "")
        return [one for one in found if one not in given_up]

    def _pause(self, wait_s: float | None) -> None:
        if wait_s is not None:
            until = self._clock() + timedelta(seconds=wait_s)
            self._store.replace(PAUSE, as_json({"until": until.isoformat()}))

    def _paused_until(self) -> datetime | None:
        try:
            return datetime.fromisoformat(json.loads(self._store.read(PAUSE))["until"])
        except (KeyError, TypeError, ValueError):
            return None

    def _keep(self, one: Waiting) -> None:
        self._store.replace(waiting_key(one.message.key), encoded(one))

    def _read(self, key: str) -> Waiting | None:
        try:
            return decoded(self._store.read(key))
        except (KeyError, TypeError, ValueError) as error:
            log.warning("%s is no message, and is removed: %r", self._store.location(key), error)
            self._remove(key)
            return None

    def _remove(self, key: str) -> None:
        (self._folder / key).unlink(missing_ok=True)

    def _forget(self) -> None:
        """Remove the marks of events that cannot come up again."""
        oldest = time.time() - KEEP_MARKS.total_seconds()
        for path in (self._folder / TOLD).glob("*.json"):
            if path.stat().st_mtime < oldest:
                path.unlink(missing_ok=True)


def _tells_more(one: Waiting) -> bool:
    """Tell whether what goes out next is a text, or nothing is left but to say so."""
    left = parts_of(one.message)[one.sent :]
    return not left or left[0].kind is Kind.TEXT


def outbox_folder(monitor_dir: Path, lake_url: str) -> Path:
    """Return where the outbox of a lake lies: others' events are others, whatever their dates."""
    its_own = hashlib.sha256(lake_url.encode()).hexdigest()[:8]
    return monitor_dir / "outbox" / f"{Path(lake_url).name}-{its_own}"
