"""What happened to publications lately, as the lake tells it."""

from dataclasses import replace
from datetime import date, timedelta

import pytest

from canasta.commodity import Commodity
from canasta.ingest.block import Block
from canasta.ingest.events import RECENT, Events, publication_flags, recent_events
from canasta.ingest.intake import release
from canasta.ingest.quarantine import Quarantined
from canasta.ingest.revisions import Revision
from tests.unit.ingest.builders import (
    FIRST,
    KEYS,
    LIMITS,
    changed,
    days,
    publications,
    with_wrong_average,
)
from tests.unit.ingest.desk import LAST, Desk


def told(events: Events) -> dict[str, list[date | None]]:
    """The dates of all that happened, by kind."""
    return {
        "quarantined": [one.block_date for one in events.quarantined],
        "revised": [one.block_date for one in events.revised],
        "released": list(events.released),
    }


def only(**kinds: list[date]) -> dict[str, list[date]]:
    return {"quarantined": [], "revised": [], "released": [], **kinds}


def faulty(stated: Block, milk: Commodity) -> Block:
    return with_wrong_average(changed(stated, {KEYS[0]: 24.5}, milk))


def twice(stated: Block, milk: Commodity) -> list[Block]:
    return [changed(stated, {KEYS[0]: 24.5}, milk), stated]


def test_usual_publications_are_no_events(desk: Desk, five: list[Block]) -> None:
    desk.run(five[1].date, *five[:2])
    desk.run(five[4].date, *five)
    assert recent_events(desk.lake, five[4].date) == Events([], [], [])
    assert recent_events(desk.lake, five[4].date).names == set()


def test_block_that_is_held_back_is_told_with_its_reasons(desk: Desk, five: list[Block]) -> None:
    came = desk.run(five[2].date, *five[:2], with_wrong_average(five[2]))
    found = recent_events(desk.lake, five[2].date)
    assert tuple(found.quarantined) == came.quarantined
    assert told(found) == only(quarantined=[five[2].date])


def test_held_blocks_are_in_the_order_of_their_files(
    desk: Desk, five: list[Block], milk: Commodity
) -> None:
    desk.run(five[1].date, *five[:2])
    desk.run(five[2].date, *five[:2], faulty(five[2], milk))
    desk.run(five[3].date, five[0], faulty(five[1], milk), faulty(five[2], milk), five[3])
    found = recent_events(desk.lake, five[3].date)
    assert told(found) == only(quarantined=[five[2].date, five[1].date])


def test_what_no_day_had_seen_yet_had_not_happened(
    desk: Desk, five: list[Block], milk: Commodity
) -> None:
    desk.run(five[2].date, *five[:2], with_wrong_average(five[2]))
    desk.run(five[3].date, changed(five[0], {KEYS[0]: 20.5}, milk), *five[1:4])
    assert told(recent_events(desk.lake, five[1].date)) == only()
    assert told(recent_events(desk.lake, five[3].date)) == {
        "quarantined": [],
        "revised": [five[0].date],
        "released": [five[2].date],
    }


def test_correction_is_told_and_nothing_of_quarantine(
    desk: Desk, five: list[Block], milk: Commodity
) -> None:
    desk.run(five[1].date, *five[:2])
    came = desk.run(five[2].date, changed(five[0], {KEYS[0]: 20.5}, milk), *five[1:3])
    found = recent_events(desk.lake, five[2].date)
    assert tuple(found.revised) == came.revised
    assert told(found) == only(revised=[five[0].date])


def test_block_that_later_files_repeat_is_released(desk: Desk, milk: Commodity) -> None:
    five = publications(5, milk)
    odd = faulty(five[2], milk)
    for count in (3, 4):
        desk.run(five[count - 1].date, *five[:2], odd, *five[3:count])
        assert told(recent_events(desk.lake, five[count - 1].date)) == only(quarantined=[odd.date])
    desk.run(five[4].date, *five[:2], odd, *five[3:])
    assert told(recent_events(desk.lake, five[4].date))["released"] == [odd.date]


def test_block_that_is_accepted_on_its_own_day_is_released(
    desk: Desk, five: list[Block], milk: Commodity
) -> None:
    desk.run(five[2].date, *five[:2], faulty(five[2], milk))
    release(desk.lake, five[2].date, five[2].date, LIMITS)
    assert desk.lake.store.keys("late") == []
    assert told(recent_events(desk.lake, five[2].date))["released"] == [five[2].date]


def test_date_that_a_corrected_block_fills_is_released(
    desk: Desk, five: list[Block], milk: Commodity
) -> None:
    """Its prices are used from now on, though they are not those that were held back."""
    desk.run(five[2].date, *five[:2], faulty(five[2], milk))
    desk.run(five[3].date, *five[:4])
    assert told(recent_events(desk.lake, five[3].date)) == only(released=[five[2].date])


def test_withdrawn_copy_of_an_accepted_day_is_neither_held_nor_released(
    desk: Desk, five: list[Block], milk: Commodity
) -> None:
    desk.run(five[1].date, *five[:2])
    desk.run(five[2].date, five[0], faulty(five[1], milk), five[2])
    desk.run(five[3].date, *five[:4])
    assert told(recent_events(desk.lake, five[3].date)) == only()


def test_withdrawn_mistyped_year_is_neither_held_nor_released(
    desk: Desk, five: list[Block]
) -> None:
    wrong = replace(five[2], date=five[2].date.replace(year=2015))
    desk.run(five[1].date, *five[:2])
    desk.run(five[3].date, wrong, *five[:2], five[3])
    assert told(recent_events(desk.lake, five[3].date)) == only(quarantined=[wrong.date])
    desk.run(five[4].date, *five)
    assert told(recent_events(desk.lake, five[4].date)) == only()


def test_unreadable_copy_of_an_accepted_day_is_held_and_never_released(
    desk: Desk, five: list[Block], milk: Commodity
) -> None:
    desk.run(five[1].date, *five[:2])
    desk.run(five[2].date, five[0], *twice(five[1], milk), five[2])
    assert told(recent_events(desk.lake, five[2].date)) == only(quarantined=[five[1].date])
    desk.run(five[3].date, *five[:4])
    assert told(recent_events(desk.lake, five[3].date)) == only()


@pytest.mark.parametrize(("later", "count"), [(RECENT, 1), (RECENT + timedelta(days=1), 0)])
def test_what_is_older_is_no_news(
    later: timedelta, count: int, desk: Desk, five: list[Block], milk: Commodity
) -> None:
    desk.run(five[1].date, *five[:2])
    corrected = changed(five[0], {KEYS[1]: 20.75}, milk)
    desk.run(five[2].date, corrected, faulty(five[1], milk), faulty(five[2], milk))
    release(desk.lake, five[2].date, five[2].date, LIMITS)
    found = told(recent_events(desk.lake, five[2].date + later))
    assert {kind: len(dates) for kind, dates in found.items()} == {
        "quarantined": 2 * count,
        "revised": count,
        "released": count,
    }


def test_names_tell_events_apart_and_say_the_same_each_time() -> None:
    block = Quarantined(FIRST, "a" * 64, FIRST, (), None)
    other = replace(block, sha256="b" * 64)
    first, second = (Revision(FIRST, FIRST, at, {KEYS[0]: (20.0, 20.5 + at)}) for at in (1, 2))
    events = Events([block, other], [first, second], [FIRST])
    assert len(events.names) == 5
    assert events.names == Events([other, block], [second, first], [FIRST]).names


def test_known_events_are_left_out() -> None:
    block = Quarantined(FIRST, "a" * 64, FIRST, (), None)
    revision = Revision(FIRST, FIRST, 1, {KEYS[0]: (20.0, 20.5)})
    events = Events([block], [revision], [FIRST])
    assert events.without(set()) == events
    assert events.without(events.names) == Events([], [], [])
    for known in (Events([block]), Events(revised=[revision]), Events(released=[FIRST])):
        assert events.without(known.names).names == events.names - known.names


def test_flags_of_a_publication_follow_from_its_prices(
    desk: Desk, five: list[Block], milk: Commodity
) -> None:
    jumped = changed(five[2], {KEYS[0]: 27.0}, milk)
    came = desk.run(five[2].date, *five[:2], jumped)
    found = publication_flags(desk.lake, jumped.date, LIMITS, jumped.date)
    assert [(flag.date, flag.finding.kind) for flag in found] == [(jumped.date, "jump")]
    assert found == [flag for flag in came.flags if flag.date == jumped.date]


def test_flags_are_those_of_the_day_whose_knowledge_counts(
    desk: Desk, five: list[Block], milk: Commodity
) -> None:
    jumped = changed(five[1], {KEYS[0]: 27.0}, milk)
    desk.run(five[1].date, five[0], jumped)
    desk.run(five[2].date, *five[:3])  # what had jumped was corrected
    day = five[1].date
    kinds = {
        seen: [flag.finding.kind for flag in publication_flags(desk.lake, day, LIMITS, seen)]
        for seen in (day, five[2].date)
    }
    assert "jump" in kinds[day]
    assert "jump" not in kinds[five[2].date]


def test_first_publication_is_compared_with_none(desk: Desk, five: list[Block]) -> None:
    desk.run(five[0].date, five[0])
    assert publication_flags(desk.lake, five[0].date, LIMITS, LAST) == []


def test_publication_off_the_calendar_is_flagged(
    desk: Desk, five: list[Block], milk: Commodity
) -> None:
    tuesday = replace(changed(five[0], {KEYS[0]: 20.25}, milk), date=days(1)[0] + timedelta(days=1))
    desk.run(tuesday.date, five[0], tuesday)
    found = publication_flags(desk.lake, tuesday.date, LIMITS, tuesday.date)
    assert "off-calendar" in [flag.finding.kind for flag in found]
