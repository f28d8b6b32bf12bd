from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import partial

import pytest

from canasta.registry.pointer import Pointer
from deployment.app import serving as under_test
from deployment.app.following import GOES_ON, NOTHING, UNUSABLE
from deployment.app.reload_call import ReloadCall
from deployment.app.serving import OLD, SILENT, STUCK, Outcome, Serving, Status
from tests.unit.deployment.app.conftest import Desk
from tests.unit.deployment.app.faults import trees, truncated

PATIENCE_S = 10.0


class Clock:
    def __init__(self) -> None:
        self.time = datetime(2025, 5, 1, 12, tzinfo=UTC)

    def __call__(self) -> datetime:
        return self.time


class Parking(ReloadCall):
    """A call, until the test is over: then whoever listens, without an end, waits for ever."""

    def __init__(self, call: ReloadCall, over: threading.Event) -> None:
        self.ring = call.ring  # type: ignore[method-assign] # the same call
        self._heard = call.heard
        self._over = over

    def heard(self) -> bytes:
        if self._over.is_set():
            threading.Event().wait()
        return self._heard()


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def serving(desk: Desk, clock: Clock) -> Serving:
    return Serving(desk.lake, desk.traits, clock)


@pytest.fixture
def started(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Callable[[ReloadCall], Serving]]:
    """Servings whose threads look until the test is over."""
    monkeypatch.setattr(under_test, "LISTEN_S", 0.01)
    over = threading.Event()

    def start(call: ReloadCall) -> Serving:
        serving = Serving(desk.lake, desk.traits, call=Parking(call, over))
        serving.start()
        return serving

    yield start
    over.set()


def until(happened: Callable[[], bool]) -> None:
    deadline = time.monotonic() + PATIENCE_S
    while not happened():
        assert time.monotonic() < deadline
        time.sleep(0.01)


def serves(worker: Serving, version: int) -> bool:
    return worker.status.version == version


def test_before_anything_is_loaded_it_is_not_ready(serving: Serving, clock: Clock) -> None:
    assert serving.live is None
    assert not serving.status.ready
    assert serving.status.reasons
    assert serving.refresh() == Outcome(False, None, NOTHING)
    assert serving.status == Status(False, (NOTHING,), None, clock.time, None)


def test_refresh_swaps_once(serving: Serving, champion: Pointer, clock: Clock) -> None:
    loaded_at = clock.time
    assert serving.refresh() == Outcome(True, champion.title.version, None)
    live = serving.live
    clock.time += timedelta(minutes=1)
    assert serving.refresh() == Outcome(False, 2, None)
    assert serving.live is live
    assert serving.status == Status(True, (), loaded_at, clock.time, 2)


@pytest.mark.usefixtures("champion")
def test_failure_leaves_live_and_says_why(serving: Serving, desk: Desk) -> None:
    serving.refresh()
    desk.promote(3)
    truncated(trees(desk.folder, 3))
    assert serving.refresh() == Outcome(False, 2, UNUSABLE + GOES_ON)
    assert serving.status.ready
    assert serving.status.reasons == (UNUSABLE + GOES_ON,)


@pytest.mark.usefixtures("champion")
def test_degraded_start_is_ready_and_says_why(serving: Serving, desk: Desk) -> None:
    truncated(trees(desk.folder, 2))
    outcome = serving.refresh()
    assert serving.status.ready
    assert serving.live is not None
    assert serving.status.reasons == serving.live.reasons != ()
    assert outcome == Outcome(True, 2, " ".join(serving.live.reasons))
    assert serving.refresh() == replace(outcome, changed=False)


@pytest.mark.usefixtures("champion")
def test_listeners_are_told_of_each_refresh(serving: Serving) -> None:
    heard: list[Outcome] = []
    serving.subscribe(heard.append)
    assert [serving.refresh(), serving.refresh()] == heard


@pytest.mark.usefixtures("champion")
def test_request_looks_when_the_last_look_is_old(
    serving: Serving, desk: Desk, clock: Clock
) -> None:
    assert serving.refresh_if_old() == Outcome(True, 2, None)
    desk.promote(3)
    clock.time += OLD - timedelta(seconds=1)
    assert serving.refresh_if_old() is None
    clock.time += timedelta(seconds=1)
    assert serving.refresh_if_old() == Outcome(True, 3, None)
    clock.time -= timedelta(days=1)  # a clock that was set back must not stop the looks
    assert serving.refresh_if_old() == Outcome(False, 3, None)


@pytest.mark.usefixtures("champion")
def test_start_loads_before_it_returns(started: Callable[[ReloadCall], Serving]) -> None:
    assert started(ReloadCall()).status.version == 2


@pytest.mark.usefixtures("champion")
def test_reload_reaches_everyone_and_each_changes_once(
    desk: Desk, started: Callable[[ReloadCall], Serving]
) -> None:
    call = ReloadCall()
    workers = [started(call), started(call)]
    changes: list[list[Outcome]] = [[], []]
    for worker, heard in zip(workers, changes, strict=True):
        worker.subscribe(heard.append)
    desk.promote(3)
    assert workers[0].reload_everywhere() == Outcome(True, 3, None)
    until(lambda: all(worker.status.version == 3 for worker in workers))
    until(lambda: all(heard[-1] == Outcome(False, 3, None) for heard in changes[:1]))
    assert [sum(one.changed for one in heard) for heard in changes] == [1, 1]


@pytest.mark.usefixtures("champion")
def test_look_out_follows_the_pointer_by_itself(
    desk: Desk, started: Callable[[ReloadCall], Serving], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(under_test, "LOOK_S", 0.05)
    worker = started(ReloadCall())
    desk.promote(3)
    until(lambda: worker.status.version == 3)


def test_look_out_waits_for_the_first_promotion(
    desk: Desk, started: Callable[[ReloadCall], Serving], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(under_test, "EMPTY_S", 0.05)
    worker = started(ReloadCall())
    assert worker.status.reasons == (NOTHING,)
    desk.promote(1)
    until(lambda: worker.status.ready)


@pytest.mark.usefixtures("champion")
def test_listener_that_fails_ends_nothing(
    desk: Desk,
    started: Callable[[ReloadCall], Serving],
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    monkeypatch.setattr(under_test, "LOOK_S", 0.05)
    heard: list[Outcome] = []

    def failing(_: Outcome) -> None:
        raise OSError("No space left on device")

    worker = started(ReloadCall())
    worker.subscribe(failing)
    worker.subscribe(heard.append)
    for number in (3, 4):
        desk.promote(number)
        until(partial(serves, worker, number))
    until(lambda: {outcome.version for outcome in heard} >= {3, 4})  # told after the swap
    assert "No space left on device" in caplog.text


def test_thread_that_ends_in_its_first_load_holds_up_no_start(
    serving: Serving, monkeypatch: pytest.MonkeyPatch
) -> None:
    looking: list[threading.Thread] = []

    def failing() -> None:
        looking.append(threading.current_thread())
        raise MemoryError

    monkeypatch.setattr(threading, "excepthook", lambda _: None)
    monkeypatch.setattr(serving, "refresh", failing)
    monkeypatch.setattr(under_test, "START_S", 2 * PATIENCE_S)
    starting = threading.Thread(target=serving.start)
    starting.start()
    starting.join(PATIENCE_S)
    assert not starting.is_alive()
    looking[0].join()


@pytest.mark.usefixtures("champion")
def test_thread_that_looks_no_more_is_told(desk: Desk, clock: Clock) -> None:
    over = threading.Event()
    serving = Serving(desk.lake, desk.traits, clock, Parking(ReloadCall(), over))
    serving.subscribe(lambda _: over.set())
    serving.start()
    clock.time += SILENT
    assert not serving.status.reasons
    clock.time += timedelta(minutes=1)
    assert serving.status.ready
    assert serving.status.reasons == (STUCK.format(6),)


@pytest.mark.usefixtures("champion")
def test_where_no_thread_looks_nobody_may_have_asked(serving: Serving, clock: Clock) -> None:
    serving.refresh_if_old()
    clock.time += timedelta(days=1)
    assert serving.status.reasons == ()


@pytest.mark.usefixtures("champion")
def test_what_was_promoted_and_is_not_served_is_told(serving: Serving, desk: Desk) -> None:
    serving.refresh()
    assert serving.outdated is None
    desk.promote(3)
    truncated(trees(desk.folder, 3))
    serving.refresh()
    assert serving.outdated == UNUSABLE + GOES_ON
