"""One writer at a time on S3: an object that says who writes, and that runs out.

The lease is made with If-None-Match, and changed with If-Match alone: of two that try, one wins.
How old it is, S3's own clock tells, so that the machines' clocks need not agree. Its holder
renews it in the background; one that died leaves it to run out. As in any lease, a holder that
was cut off must stop before others may begin: it counts its time from before its last renewal was
asked for (Gray and Cheriton, Leases, SOSP 1989).
"""

from __future__ import annotations

import json
import logging
import os
import socket
import threading
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any, Self
from uuid import uuid4

from canasta.errors import LakeUnreachable, RunInProgress
from canasta.s3 import Bucket, Held

log = logging.getLogger(__name__)

LEASE = "lease.json"
MARGIN_S = 2.0
"""S3 states times in whole seconds: a lease is taken over only this much after it ran out."""
NO_TAG = '"none"'
"""What no object is tagged with."""
RENEWALS = 3
"""In the time that a lease lasts."""


def _clock() -> float:
    # It goes on while the machine sleeps, where the system offers such a one.
    return time.clock_gettime(getattr(time, "CLOCK_BOOTTIME", time.CLOCK_MONOTONIC))


class Lease:
    """Held while a run writes into a lake on S3.

    Args:
        bucket: the lake's.
        ttl_s: seconds after which an unrenewed lease may be taken over.
        clock: seconds that never go back.
    """

    def __init__(self, bucket: Bucket, ttl_s: int, clock: Callable[[], float] = _clock) -> None:
        self._bucket = bucket
        self._ttl_s = ttl_s
        self._clock = clock
        self._owner = f"{socket.gethostname()}-{os.getpid()}-{uuid4().hex[:8]}"
        self._tag = ""
        self._ends = 0.0
        self._done = threading.Event()
        self._renewing = threading.Thread(target=self._renew, daemon=True, name="lease")

    def __enter__(self) -> Self:
        """Take the lease.

        Raises:
            RunInProgress: another run holds it.
            LakeUnreachable: S3 does not answer, refuses, or ignores conditions.
        """
        begun = self._clock()
        tag = self._bucket.create(LEASE, self._content()) or self._taken_over()
        self._hold(tag, begun)
        try:
            self._check_conditions()
        except LakeUnreachable:
            self._give_back()
            raise
        self._renewing.start()
        return self

    def __exit__(self, *exit_info: object) -> None:
        """Give it back; one that S3 does not take back runs out."""
        self._done.set()
        self._renewing.join()
        self._give_back()

    def check(self) -> None:
        """Check, without asking, that the lease has not run out.

        Raises:
            RunInProgress: it may be another run's by now.
        """
        if self._clock() >= self._ends:
            raise RunInProgress(
                f"This run could not renew its lease on {self._bucket.url} within "
                f"{self._ttl_s} s: another may be writing by now. Nothing more was written; run "
                "again, and raise LOCK_TTL_S if this machine sleeps or S3 is slow."
            )

    def confirm(self) -> None:
        """Ask S3 whether the lease is still this run's.

        Raises:
            RunInProgress: it is another's.
            LakeUnreachable: S3 does not answer.
        """
        self.check()
        held = self._bucket.look(LEASE)
        if held is None or _stated(held).get("owner") != self._owner:
            self._ends = 0.0
        self.check()

    def _give_back(self) -> None:
        self._ends = 0.0
        try:
            self._bucket.swap(LEASE, self._content(released=True), self._tag)
        except LakeUnreachable as error:
            log.warning("the lease could not be given back and runs out by itself: %s", error)

    def _hold(self, tag: str, begun: float) -> None:
        self._tag, self._ends = tag, begun + self._ttl_s

    def _taken_over(self) -> str:
        """Take over a lease that was given back or has run out; return the new tag."""
        held = self._bucket.look(LEASE)
        if held is None:
            raise self._busy({})
        stated = _stated(held)
        if stated.get("owner") == self._owner:  # our own, its answer lost on the way
            return held.tag
        lasts = self._lasts(stated)
        if not stated.get("released") and held.age_s <= lasts:
            raise self._busy(stated, lasts - held.age_s)
        tag = self._bucket.swap(LEASE, self._content(), held.tag) or self._own_tag()
        if tag is None:
            raise self._busy({})
        if not stated.get("released"):
            log.warning("took over the lease of %s, which ran out", stated.get("owner"))
        return tag

    def _check_conditions(self) -> None:
        """Check that the server heeds conditions, without which a lease protects nothing."""
        heeded = self._bucket.create(LEASE, self._content()) is None
        if not heeded or self._bucket.swap(LEASE, self._content(), NO_TAG) is not None:
            raise LakeUnreachable(
                f"The server of {self._bucket.url} ignores If-None-Match or If-Match: two runs "
                "could write at once. Use an S3 that honours conditional writes."
            )

    def _lasts(self, stated: dict[str, Any]) -> float:
        ttl_s = stated.get("ttl_s")
        return (ttl_s if isinstance(ttl_s, int | float) else self._ttl_s) + MARGIN_S

    def _busy(self, stated: dict[str, Any], left_s: float | None = None) -> RunInProgress:
        who = f" ({stated['owner']})" if "owner" in stated else ""
        until = "" if left_s is None else f", or in {left_s:.0f} s if it has died"
        return RunInProgress(
            f"Another run{who} is writing into {self._bucket.url}; nothing was done. "
            f"Run again when it has ended{until}."
        )

    def _renew(self) -> None:
        """Renew until done; after a failure sooner, for as long as the lease lasts."""
        every = self._ttl_s / RENEWALS
        wait = every
        while not self._done.wait(wait) and self._clock() < self._ends:
            begun = self._clock()
            try:
                tag = self._bucket.swap(LEASE, self._content(), self._tag) or self._own_tag()
            except LakeUnreachable as error:
                log.warning("the lease could not be renewed yet: %s", error)
                wait = every / RENEWALS
                continue
            if tag is None:
                self._ends = 0.0
                return
            self._hold(tag, begun)
            wait = every

    def _own_tag(self) -> str | None:
        """Return the lease's tag if it is ours after all: the answer to a renewal was lost."""
        held = self._bucket.look(LEASE)
        ours = held is not None and _stated(held).get("owner") == self._owner
        return held.tag if held is not None and ours else None

    def _content(self, *, released: bool = False) -> bytes:
        now = datetime.now(UTC)
        lasts = timedelta(seconds=0 if released else self._ttl_s)
        stated = {
            "owner": self._owner,
            "renewed": now.isoformat(timespec="seconds"),
            "expires": (now + lasts).isoformat(timespec="seconds"),
            "ttl_s": self._ttl_s,
            "released": released,
        }
        return json.dumps(stated, indent=1).encode() + b"\n"


def _stated(held: Held) -> dict[str, Any]:
    try:
        stated = json.loads(held.content)
    except ValueError:
        return {}
    return stated if isinstance(stated, dict) else {}
