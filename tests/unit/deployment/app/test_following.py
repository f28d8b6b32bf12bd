from __future__ import annotations

import logging
from collections.abc import Callable
from pathlib import Path

import pytest

from canasta.errors import LakeUnreachable
from canasta.forecast.recipe import PERSISTENCE, XGBOOST
from canasta.registry.objects import to_json
from canasta.registry.pointer import POINTER, Pointer
from deployment.app.following import (
    GOES_ON,
    NOTHING,
    RETRY_S,
    UNFORESEEN,
    UNREACHABLE,
    UNUSABLE,
    Follower,
)
from deployment.app.lake import FolderLake, Seen
from tests.unit.deployment.app.conftest import Desk
from tests.unit.deployment.app.faults import FAULTS, trees

type Fault = Callable[[list[Path]], None]


class Moody:
    """A folder that may cease to answer, and counts what is read of it."""

    def __init__(self, folder: Path) -> None:
        self.inner = FolderLake(folder)
        self.error: Exception | None = None
        self.reads = 0
        self.seconds = 0.0

    @property
    def url(self) -> str:
        return self.inner.url

    def read(self, key: str) -> bytes:
        self.reads += 1
        return self.inner.read(key)

    def look(self, key: str, known: str | None, *, quick: bool = False) -> Seen | None:
        if self.error is not None:
            raise self.error
        return self.inner.look(key, known, quick=quick)

    def elapsed(self) -> float:
        return self.seconds


@pytest.fixture
def lake(desk: Desk) -> Moody:
    return Moody(desk.folder)


@pytest.fixture
def follower(lake: Moody) -> Follower:
    return Follower(lake, elapsed=lake.elapsed)


def version(follower: Follower) -> tuple[int | None, str | None]:
    found = follower.follow(patient=True)
    return (None if found.live is None else found.live.model.version), found.problem


def damage(desk: Desk, number: int) -> Callable[[], None]:
    """Damage a bundle; return what mends it."""
    file = trees(desk.folder, number)[0]
    content = file.read_bytes()
    file.write_bytes(content[:-1])

    def mend() -> None:
        file.write_bytes(content)

    return mend


def test_pointer_is_followed(desk: Desk, follower: Follower) -> None:
    assert version(follower) == (None, NOTHING)
    desk.promote(1, PERSISTENCE)
    assert version(follower) == (1, None)
    desk.promote(2)
    assert version(follower) == (2, None)


@pytest.mark.usefixtures("champion")
def test_pointer_that_stays_costs_one_look(follower: Follower, lake: Moody) -> None:
    first = follower.follow()
    reads = lake.reads
    assert follower.follow() == first
    assert follower.follow().live is first.live
    assert lake.reads == reads


@pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: fault.__name__)
@pytest.mark.usefixtures("champion")
def test_damaged_object_leaves_what_is_served(desk: Desk, follower: Follower, fault: Fault) -> None:
    before = follower.follow().live
    desk.promote(3)
    fault(trees(desk.folder, 3))
    found = follower.follow()
    assert found.live is before
    assert found.problem == UNUSABLE + GOES_ON
    desk.promote(4)
    assert version(follower) == (4, None)


def test_what_failed_is_tried_again_in_ten_minutes_or_at_once_when_asked(
    desk: Desk, follower: Follower, lake: Moody
) -> None:
    desk.promote(1)
    assert version(follower) == (1, None)
    desk.promote(2)
    mend = damage(desk, 2)
    assert version(follower) == (1, UNUSABLE + GOES_ON)
    reads = lake.reads
    assert version(follower) == (1, UNUSABLE + GOES_ON)
    assert lake.reads == reads
    lake.seconds += RETRY_S
    assert version(follower) == (1, UNUSABLE + GOES_ON)
    assert lake.reads > reads
    mend()
    assert version(follower) == (1, UNUSABLE + GOES_ON)
    found = follower.follow()
    assert found.problem is None
    assert found.live is not None
    assert found.live.model.version == 2


def test_rollback_to_what_is_served_ends_the_trouble(desk: Desk, follower: Follower) -> None:
    pointer = desk.promote(1)
    before = follower.follow().live
    desk.promote(2)
    damage(desk, 2)
    assert follower.follow().problem is not None
    (desk.folder / POINTER).write_bytes(to_json(pointer.as_dict()))
    for patient in (True, False):
        found = follower.follow(patient=patient)
        assert found.live is before
        assert found.problem is None


def test_start_with_a_damaged_champion_serves_what_is_sound_until_it_is_mended(
    desk: Desk, champion: Pointer, follower: Follower, lake: Moody
) -> None:
    mend = damage(desk, champion.title.version)
    first = follower.follow()
    assert first.problem is None
    assert first.live is not None
    assert first.live.degraded
    assert follower.follow(patient=True).live is first.live
    again = follower.follow()
    assert (again.live, again.problem) == (first.live, None)
    mend()
    lake.seconds += RETRY_S
    mended = follower.follow(patient=True)
    assert mended.live is not None
    assert mended.live.degraded == ()
    assert mended.live.predictor_model.algorithm == XGBOOST


@pytest.mark.usefixtures("champion")
def test_start_with_nothing_sound_serves_nothing_and_tries_on(
    desk: Desk, follower: Follower
) -> None:
    panels = {file: file.read_bytes() for file in (desk.folder / "panels").iterdir()}
    for file in panels:
        file.write_bytes(b"")
    assert version(follower) == (None, UNUSABLE)
    for file, content in panels.items():
        file.write_bytes(content)
    assert version(follower) == (2, None)


@pytest.mark.usefixtures("champion")
def test_lake_that_is_gone_changes_nothing_and_is_told_once(
    follower: Follower, lake: Moody, caplog: pytest.LogCaptureFixture
) -> None:
    before = follower.follow().live
    lake.error = LakeUnreachable("s3://bucket/prefix gave no answer")
    for _ in range(3):
        found = follower.follow(quick=True, patient=True)
        assert found.live is before
        assert found.problem == UNREACHABLE + GOES_ON
    assert caplog.text.count("gave no answer") == 1
    lake.error = None
    found = follower.follow()
    assert (found.live, found.problem) == (before, None)


@pytest.mark.usefixtures("champion")
def test_lake_that_was_gone_in_between_does_not_hide_a_damage(
    desk: Desk, follower: Follower, lake: Moody
) -> None:
    follower.follow()
    desk.promote(3)
    damage(desk, 3)
    assert version(follower) == (2, UNUSABLE + GOES_ON)
    lake.error = LakeUnreachable("no answer")
    assert version(follower) == (2, UNREACHABLE + GOES_ON)
    lake.error = None
    assert version(follower) == (2, UNUSABLE + GOES_ON)


def test_lake_that_is_gone_at_the_start_serves_nothing(follower: Follower, lake: Moody) -> None:
    lake.error = LakeUnreachable("no answer")
    assert version(follower) == (None, UNREACHABLE)


@pytest.mark.usefixtures("champion")
@pytest.mark.parametrize(
    ("content", "problem"),
    [
        (b"", UNUSABLE),
        (b"[]", UNUSABLE),
        (b'{"bundle": 1}', UNUSABLE),
        (b'{"model_name": "of an earlier system"}', NOTHING),
        (None, NOTHING),
    ],
)
def test_pointer_that_cannot_be_used_leaves_what_is_served(
    desk: Desk, follower: Follower, content: bytes | None, problem: str
) -> None:
    before = follower.follow().live
    pointer = desk.folder / POINTER
    pointer.unlink() if content is None else pointer.write_bytes(content)
    found = follower.follow()
    assert found.live is before
    assert found.problem == problem + GOES_ON


@pytest.mark.usefixtures("champion")
def test_what_nobody_foresaw_is_logged_and_survived(
    follower: Follower, lake: Moody, caplog: pytest.LogCaptureFixture
) -> None:
    before = follower.follow().live
    lake.error = ZeroDivisionError("unforeseen")
    with caplog.at_level(logging.ERROR):
        found = follower.follow()
    assert (found.live, found.problem) == (before, UNFORESEEN + GOES_ON)
    assert "ZeroDivisionError: unforeseen" in caplog.text
    lake.error = None
    assert follower.follow().problem is None


def test_trees_that_cannot_be_read_are_not_handed_over(desk: Desk, lake: Moody) -> None:
    follower = Follower(lake, warm_what_ifs=True)
    desk.promote(1, PERSISTENCE)
    assert version(follower) == (1, None)
    desk.promote_garbage(2)
    assert version(follower) == (1, UNUSABLE + GOES_ON)


@pytest.mark.usefixtures("champion")
def test_nothing_that_is_told_speaks_of_the_inside(desk: Desk) -> None:
    damage(desk, 2)
    follower = Follower(desk.lake)
    found = follower.follow()
    assert found.live is not None
    told = " ".join([*found.live.degraded, UNUSABLE, NOTHING, UNREACHABLE, UNFORESEEN, GOES_ON])
    for inside in (str(desk.folder), "bundles", "sha", "SHA", "Traceback", ".treelite"):
        assert inside not in told
