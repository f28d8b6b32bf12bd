"""What answers requests now, and who looks after it.

A request reads `Serving.live` once, and keeps what it got: a swap is one assignment.

Under gunicorn each worker has a Serving of its own. All share one `ReloadCall`, made before the
fork; a thread of each listens to it, and looks at the pointer each minute. Where no thread lives
between requests, as in Lambda, `refresh_if_old` looks when a request comes.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from canasta.commodity import Traits
from deployment.app.following import Follower
from deployment.app.lake import Lake
from deployment.app.live import Live
from deployment.app.reload_call import ReloadCall

log = logging.getLogger(__name__)

LISTEN_S = 0.5
"""Between two looks at the reload call, which cost nothing."""

LOOK_S = 50.0
"""Between two looks at the pointer: a promotion is served within a minute, loading included."""

EMPTY_S = 10.0
"""The same while there is nothing to serve."""

START_S = 15.0
"""How long a worker that starts waits for its first load before it answers that it is not ready:
less than gunicorn gives it."""

OLD = timedelta(seconds=60)
"""Age of the last look from which on a request looks again, where no thread does."""

SILENT = timedelta(minutes=5)
"""Age of the last look from which on something is wrong, where a thread looks."""

STUCK = "The lake has not been looked at for {} minutes: what was promoted since is not served."


@dataclass(frozen=True)
class Status:
    """How serving stands; without a path, an object's name or anything else of the inside.

    Attributes:
        ready: whether requests can be answered.
        reasons: why it is not ready, or degraded; none where all is well.
        loaded_at: when what is served was loaded, in UTC; None before.
        looked_at: when the pointer was last looked at, in UTC; None before.
        version: of the model that made the forecasts; None before.
    """

    ready: bool
    reasons: tuple[str, ...]
    loaded_at: datetime | None
    looked_at: datetime | None
    version: int | None


@dataclass(frozen=True)
class Outcome:
    """What came of a refresh.

    Attributes:
        changed: whether something else is served since.
        version: that is served; None for none.
        problem: what is wrong with the pointer, or what it names; or what is not served of it.
            None where all is well.
    """

    changed: bool
    version: int | None
    problem: str | None


@dataclass(frozen=True)
class _State:
    live: Live | None = None
    problem: str | None = "Nothing has been loaded yet."
    loaded_at: datetime | None = None
    looked_at: datetime | None = None
    outdated: str | None = None

    @property
    def version(self) -> int | None:
        return None if self.live is None else self.live.model.version

    @property
    def reasons(self) -> tuple[str, ...]:
        degraded = () if self.live is None else self.live.reasons
        return degraded if self.problem is None else (*degraded, self.problem)


def _now() -> datetime:
    return datetime.now(UTC)


class Serving:
    """What answers requests now. Safe to use from many threads.

    Args:
        lake: where promoted objects lie; first asked by the first refresh, after any fork.
        traits: of the commodity that they have to be of.
        clock: returns the time, with its zone.
        call: tells other workers to look; made before the fork.
        warm_what_ifs: whether trees and features are prepared before a swap, so that the first
            what-if is as fast as any; a start takes half a second longer.
    """

    def __init__(
        self,
        lake: Lake,
        traits: Traits,
        clock: Callable[[], datetime] = _now,
        call: ReloadCall | None = None,
        *,
        warm_what_ifs: bool = False,
    ) -> None:
        self._lake = lake
        self._clock = clock
        self._call = call or ReloadCall()
        self._follower = Follower(lake, traits, warm_what_ifs=warm_what_ifs)
        self._state = _State()
        self._listeners: list[Callable[[Outcome], None]] = []
        self._refreshing = threading.Lock()
        self._is_followed = False

    @property
    def live(self) -> Live | None:
        """What is served; None before anything could be loaded."""
        return self._state.live

    @property
    def status(self) -> Status:
        """How serving stands now."""
        state = self._state
        return Status(
            ready=state.live is not None,
            reasons=(*state.reasons, *self._stuck(state)),
            loaded_at=state.loaded_at,
            looked_at=state.looked_at,
            version=state.version,
        )

    @property
    def outdated(self) -> str | None:
        """Why what is promoted now is not what is served; None where it is, or `live` says it."""
        return self._state.outdated

    def subscribe(self, listener: Callable[[Outcome], None]) -> None:
        """Call `listener` with the outcome of each refresh from now on, on that one's thread."""
        self._listeners.append(listener)

    def refresh(self, *, quick: bool = False, patient: bool = False) -> Outcome:
        """Look at the pointer now, and swap if what it names is new and sound; never raises.

        Args:
            quick: whether to give up after 300 ms without an answer from the lake.
            patient: whether to wait ten minutes with another attempt at what has failed.
        """
        with self._refreshing:
            before, now = self._state, self._clock()
            found = self._follower.follow(quick=quick, patient=patient)
            changed = found.live is not before.live
            loaded_at = now if changed else before.loaded_at
            self._state = state = _State(found.live, found.problem, loaded_at, now, found.outdated)
        outcome = Outcome(changed, state.version, " ".join(state.reasons) or None)
        if changed:
            log.info("version %s is served now, from %s", state.version, self._lake.url)
        self._tell(outcome)
        return outcome

    def refresh_if_old(self, age: timedelta = OLD) -> Outcome | None:
        """Refresh where the last look is `age` old; None where it is not.

        With something to serve, a request waits 300 ms at most for the pointer; it waits longer
        only for what a changed pointer names.
        """
        looked, now = self._state.looked_at, self._clock()
        if looked is not None and timedelta() <= now - looked < age:
            return None
        return self.refresh(quick=self.live is not None, patient=True)

    def reload_everywhere(self) -> Outcome:
        """Refresh here, and call all other workers to; they do within a second."""
        outcome = self.refresh()
        self._call.ring()
        return outcome

    def start(self) -> None:
        """Load, and follow the pointer on a thread; after the fork, and once.

        Returns when the first load has ended, or goes on for longer than START_S.
        """
        self._is_followed = True
        loaded = threading.Event()
        threading.Thread(target=self._watch, args=(loaded,), name="look-out", daemon=True).start()
        loaded.wait(START_S)

    def _watch(self, loaded: threading.Event) -> None:
        heard, looked = self._call.heard(), time.monotonic()
        try:
            self.refresh()
        finally:
            loaded.set()
        while True:
            time.sleep(LISTEN_S)
            call, now = self._call.heard(), time.monotonic()
            if call != heard or now - looked >= (EMPTY_S if self.live is None else LOOK_S):
                self.refresh(patient=call == heard)
                heard, looked = call, now

    def _tell(self, outcome: Outcome) -> None:
        for listener in self._listeners:
            try:
                listener(outcome)
            except Exception:  # a metric on a full disk, say, must not end the looks
                log.exception("A listener failed on %s", outcome)

    def _stuck(self, state: _State) -> tuple[str, ...]:
        """Return a reason where the thread that looks has ended, or hangs."""
        if not self._is_followed or state.looked_at is None:
            return ()
        silent = self._clock() - state.looked_at
        return (STUCK.format(silent // timedelta(minutes=1)),) if silent > SILENT else ()
