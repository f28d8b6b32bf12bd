from __future__ import annotations

import logging
from collections.abc import Callable
from pathlib import Path

import pytest

from canasta.errors import LakeUnreachable
from canasta.forecast.recipe import PERSISTENCE, XGBOOST
from canasta.ingest.identity import SourceKind
from canasta.registry.objects import to_json
from canasta.registry.pointer import POINTER, Pointer
from deployment.app.following import (
    GOES_ON,
    MISMATCH,
    NOTHING,
    RETRY_EMPTY_S,
    RETRY_S,
    UNFORESEEN,
    UNREACHABLE,
    UNUSABLE,
    Follower,
)
from tests.unit.deployment.app.conftest import Desk
from tests.unit.deployment.app.faults import FAULTS, trees
from tests.unit.deployment.app.moody import Moody

type Fault = Callable[[list[Path]], None]


@pytest.fixture
def lake(desk: Desk) -> Moody:
    return Moody(desk.folder)


@pytest.fixture
def follower(desk: Desk, lake: Moody) -> Follower:
    return Follower(lake, desk.traits, elapsed=lake.elapsed)


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
    assert found.problem == found.outdated == UNUSABLE + GOES_ON
    desk.promote(4)
    assert version(follower) == (4, None)
    assert follower.follow().outdated is None


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
    assert first.live is not None
    assert first.live.reasons
    assert (first.problem, first.outdated) == (None, None), "what is served says it itself"
    assert follower.follow(patient=True).live is first.live
    again = follower.follow()
    assert (again.live, again.problem) == (first.live, None)
    mend()
    lake.seconds += RETRY_S
    mended = follower.follow(patient=True)
    assert mended.live is not None
    assert mended.live.reasons == ()
    assert mended.live.predictor_model.algorithm == XGBOOST


@pytest.mark.usefixtures("champion")
def test_start_with_nothing_sound_serves_nothing_and_tries_on(
    desk: Desk, follower: Follower, lake: Moody
) -> None:
    panels = {file: file.read_bytes() for file in (desk.folder / "panels").iterdir()}
    for file in panels:
        file.write_bytes(b"")
    assert version(follower) == (None, UNUSABLE)
    for file, content in panels.items():
        file.write_bytes(content)
    lake.seconds += RETRY_EMPTY_S
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
        follower.follow()
    assert (found.live, found.problem) == (before, UNFORESEEN + GOES_ON)
    assert caplog.text.count("ZeroDivisionError: unforeseen") == 1
    lake.error = None
    assert follower.follow().problem is None


def test_trees_that_cannot_be_read_are_not_handed_over(desk: Desk, lake: Moody) -> None:
    follower = Follower(lake, desk.traits, warm_what_ifs=True)
    desk.promote(1, PERSISTENCE)
    assert version(follower) == (1, None)
    desk.promote_garbage(2)
    assert version(follower) == (1, UNUSABLE + GOES_ON)


@pytest.mark.usefixtures("champion")
def test_nothing_that_is_told_speaks_of_the_inside(desk: Desk) -> None:
    damage(desk, 2)
    follower = Follower(desk.lake, desk.traits)
    found = follower.follow()
    assert found.live is not None
    constants = [UNUSABLE, NOTHING, UNREACHABLE, UNFORESEEN, MISMATCH, GOES_ON]
    told = " ".join([*found.live.reasons, *constants])
    for inside in (str(desk.folder), "bundles", "sha", "SHA", "Traceback", ".treelite"):
        assert inside not in told


@pytest.mark.usefixtures("champion")
def test_start_with_nothing_sound_reads_it_again_after_a_while_only(
    desk: Desk, follower: Follower, lake: Moody
) -> None:
    for file in (desk.folder / "panels").iterdir():
        file.write_bytes(b"")
    assert version(follower) == (None, UNUSABLE)
    reads = lake.reads
    for _ in range(5):
        assert version(follower) == (None, UNUSABLE)
    assert lake.reads == reads
    lake.seconds += RETRY_EMPTY_S
    assert version(follower) == (None, UNUSABLE)
    assert lake.reads > reads


@pytest.mark.usefixtures("champion")
def test_error_that_nobody_foresaw_is_not_met_at_every_look_and_traced_once(
    desk: Desk, follower: Follower, lake: Moody, caplog: pytest.LogCaptureFixture
) -> None:
    follower.follow()
    desk.promote(3)
    lake.of_objects = ZeroDivisionError("unforeseen")
    for _ in range(5):
        assert version(follower) == (2, UNFORESEEN + GOES_ON)
    reads = lake.reads
    lake.seconds += RETRY_S
    assert version(follower) == (2, UNFORESEEN + GOES_ON)
    assert lake.reads > reads
    assert caplog.text.count("Traceback") == 1
    lake.of_objects = None
    lake.seconds += RETRY_S
    assert version(follower) == (3, None)


@pytest.mark.usefixtures("champion")
def test_error_that_nobody_foresaw_leaves_a_start_what_is_sound(
    follower: Follower, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def failing(*_: object) -> None:
        raise ZeroDivisionError("unforeseen")

    monkeypatch.setattr("deployment.app.following.load_whole", failing)
    found = follower.follow(patient=True)
    assert found.live is not None
    assert found.problem == UNFORESEEN
    for _ in range(3):
        assert follower.follow(patient=True) == found
    assert caplog.text.count("Traceback") == 1


def test_start_with_a_damaged_champion_takes_up_its_newer_forecasts(
    desk: Desk, champion: Pointer, follower: Follower
) -> None:
    damage(desk, champion.title.version)
    first = follower.follow().live
    newer = desk.publish(champion, publications=7)
    damage(desk, champion.title.version)
    found = follower.follow(patient=True)
    assert first is not None
    assert found.live is not None
    assert found.live.origin == newer.origin > first.origin
    assert found.live.reasons
    assert (found.problem, found.outdated) == (None, None)


def test_start_with_a_damaged_champion_takes_up_the_next_champion_whole(
    desk: Desk, champion: Pointer, follower: Follower
) -> None:
    damage(desk, champion.title.version)
    follower.follow()
    desk.promote(3)
    found = follower.follow(patient=True)
    assert found.live is not None
    assert (found.live.model.version, found.live.reasons, found.problem) == (3, (), None)


def test_start_with_a_damaged_champion_keeps_what_is_newer_than_what_is_sound_now(
    desk: Desk, champion: Pointer, follower: Follower
) -> None:
    """Newer forecasts were loaded before their object was damaged too."""
    newer = desk.publish(champion, publications=7)
    damage(desk, champion.title.version)
    first = follower.follow()
    assert first.live is not None
    assert first.live.origin == newer.origin
    newest = desk.publish(champion, publications=8)
    damage(desk, champion.title.version)
    for pointer in (newer, newest):
        (desk.folder / pointer.panel.key).write_bytes(b"")
    found = follower.follow(patient=True)
    assert found.live is first.live
    assert found.problem == found.outdated == UNUSABLE + GOES_ON


def test_part_of_a_damage_that_is_mended_is_taken_up(
    desk: Desk, champion: Pointer, follower: Follower, lake: Moody
) -> None:
    newer = desk.publish(champion, publications=7)
    damage(desk, champion.title.version)
    file = desk.folder / newer.panel.key
    content = file.read_bytes()
    file.write_bytes(b"")
    first = follower.follow().live
    assert first is not None
    assert (first.origin, len(first.reasons)) == (champion.origin, 2)
    file.write_bytes(content)
    lake.seconds += RETRY_S
    found = follower.follow(patient=True).live
    assert found is not None
    assert (found.origin, len(found.reasons)) == (newer.origin, 1)
    lake.seconds += RETRY_S
    assert follower.follow(patient=True).live is found


@pytest.mark.usefixtures("champion")
def test_lake_of_another_commodity_is_not_served(desk: Desk, follower: Follower) -> None:
    desk.state('{"commodity": "coffee", "source": "sniim"}')
    assert version(follower) == (None, MISMATCH)


@pytest.mark.usefixtures("champion")
def test_lake_that_becomes_another_commoditys_changes_nothing(
    desk: Desk, follower: Follower
) -> None:
    before = follower.follow().live
    desk.state('{"commodity": "coffee", "source": "sniim"}')
    desk.promote(3)
    found = follower.follow()
    assert found.live is before
    assert found.problem == MISMATCH + GOES_ON


def test_what_the_lake_says_of_itself_may_be_damaged(desk: Desk, follower: Follower) -> None:
    """Whoever serves already, goes on; whoever starts says simulated where nobody knows."""
    desk.state('{"commodity": "milk", "source": "replay", "replays": "simulated"}')
    desk.promote(1, source=SourceKind.REPLAY)
    before = follower.follow().live
    assert before is not None
    assert before.simulated
    desk.state("{")
    desk.promote(2, source=SourceKind.REPLAY)
    found = follower.follow()
    assert (found.live, found.problem) == (before, UNUSABLE + GOES_ON)
    started = Follower(desk.lake, desk.traits).follow().live
    assert started is not None
    assert (started.model.version, started.simulated) == (2, True)
    assert started.degraded
