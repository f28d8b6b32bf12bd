from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta

import pytest

from canasta.registry.pointer import Pointer
from deployment.app import serving as under_test
from deployment.app.following import GOES_ON, NOTHING, UNUSABLE
from deployment.app.reload_call import ReloadCall
from deployment.app.serving import OLD, Outcome, Serving, Status
from tests.unit.deployment.app.conftest import Desk
from tests.unit.deployment.app.faults import trees, truncated

PATIENCE_S = 10.0


class Clock:
    def __init__(self) -> None:
        self.time = datetime(2025, 5, 1, 12, tzinfo=UTC)

    def __call__(self) -> datetime:
        return self.time


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def serving(desk: Desk, clock: Clock) -> Serving:
    return Serving(desk.lake, clock)


@pytest.fixture
def started(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Callable[[ReloadCall], Serving]]:
    """Servings whose threads run, and are ended."""
    monkeypatch.setattr(under_test, "LISTEN_S", 0.01)
    running: list[Serving] = []

    def start(call: ReloadCall) -> Serving:
        running.append(Serving(desk.lake, call=call))
        running[-1].start()
        return running[-1]

    yield start
    for one in running:
        one.stop()


def until(happened: Callable[[], bool]) -> None:
    deadline = time.monotonic() + PATIENCE_S
    while not happened():
        assert time.monotonic() < deadline
        time.sleep(0.01)


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
    assert serving.refresh() == Outcome(True, 2, None)
    assert serving.status.ready
    assert serving.live is not None
    assert serving.status.reasons == serving.live.degraded != ()


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
def test_stop_ends_the_thread_and_what_is_loaded_stays(
    started: Callable[[ReloadCall], Serving],
) -> None:
    worker = started(ReloadCall())
    worker.stop()
    assert "look-out" not in {thread.name for thread in threading.enumerate()}
    assert worker.live is not None


def test_look_is_within_a_minute() -> None:
    assert under_test.LOOK_S + under_test.LISTEN_S < 60
