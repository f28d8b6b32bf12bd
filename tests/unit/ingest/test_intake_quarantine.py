"""Blocks that fail the contract, from their first file to their release."""

from dataclasses import replace
from datetime import date, timedelta

import pytest

from canasta.commodity import Commodity
from canasta.errors import LakeError
from canasta.ingest.block import Block
from canasta.ingest.intake import release, waiting
from canasta.ingest.lake import Gaps
from canasta.ingest.summary import Outcome
from tests.unit.ingest.builders import (
    KEYS,
    LIMITS,
    block,
    changed,
    days,
    tree,
    with_wrong_average,
)
from tests.unit.ingest.desk import LAST, Desk, cells, expected


def stale(five: list[Block]) -> Block:
    """The third publication, repeating the second."""
    return replace(five[1], date=five[2].date)


def after(stated: Block, day: date, milk: Commodity) -> Block:
    """A usual publication that comes after `stated`."""
    prices = {key: (stated.prices[key] or 0.0) + 0.25 for key in KEYS[:2]}
    return replace(changed(stated, prices, milk), date=day)


def test_a_faulty_block_waits_and_its_neighbours_enter(desk: Desk, five: list[Block]) -> None:
    summary = desk.run(five[2].date, *five[:2], with_wrong_average(five[2]))
    assert (summary.outcome, summary.newest) == (Outcome.NEW, five[1].date)
    [waiting] = summary.quarantined
    assert waiting.block_date == five[2].date
    assert [reason.kind for reason in waiting.reasons] == ["checksum-mismatch"]
    assert waiting.prices == five[2].prices
    before = tree(desk.stored)
    again = desk.run(five[2].date)
    assert tree(desk.stored) == before
    assert again.outcome is Outcome.QUARANTINED
    assert (again.quarantined, again.waiting) == ((), (waiting,))


def test_a_faulty_file_repaired_in_place_enters(desk: Desk, five: list[Block]) -> None:
    desk.run(five[1].date, *five[:2])
    assert desk.run(five[2].date, *five[:2], with_wrong_average(five[2])).new == ()
    assert desk.run(five[2].date, *five[:3]).new == (five[2].date,)
    before = tree(desk.stored)
    assert desk.run(five[2].date).outcome is Outcome.NOTHING_NEW
    assert tree(desk.stored) == before


def test_a_corrected_copy_in_a_later_file_enters(desk: Desk, five: list[Block]) -> None:
    desk.run(five[2].date, *five[:2], with_wrong_average(five[2]))
    summary = desk.run(five[3].date, *five[:4])
    assert (summary.new, summary.backfilled) == ((five[3].date,), (five[2].date,))
    assert summary.released == ()


def test_two_later_files_that_agree_release_a_block(
    desk: Desk, five: list[Block], milk: Commodity
) -> None:
    odd = stale(five)
    fourth = after(odd, five[3].date, milk)
    fifth = after(fourth, five[4].date, milk)
    first = desk.run(odd.date, *five[:2], odd)
    assert [str(r) for r in first.quarantined[0].reasons] == [
        "stale: every quoted price repeats the publication before"
    ]
    assert desk.run(fourth.date, *five[:2], odd, fourth).released == ()
    assert desk.run(fourth.date).released == ()
    assert not desk.daily(odd.date).exists()
    summary = desk.run(fifth.date, *five[:2], odd, fourth, fifth)
    assert summary.released == (odd.date,)
    assert cells(desk.lake) == expected(*five[:2], odd, fourth, fifth)
    before = tree(desk.stored)
    desk.run(fifth.date)
    desk.daily(odd.date).unlink()
    desk.run(fifth.date)
    assert tree(desk.stored) == before


def test_what_left_quarantine_late_was_unknown_before(
    desk: Desk, five: list[Block], milk: Commodity
) -> None:
    """Known since the second file that repeats it: to the panel, its fingerprint, a back-test."""
    odd = stale(five)
    fourth = after(odd, five[3].date, milk)
    fifth = after(fourth, five[4].date, milk)
    for file in ([odd], [odd, fourth], [odd, fourth, fifth]):
        desk.run(file[-1].date, *five[:2], *file)
        if file[-1] is fourth:
            before = desk.lake.fingerprint(fourth.date)
    known = [block.date for block in five[:2]]
    assert list(desk.lake.history(fourth.date).dates) == [*known, fourth.date]
    assert list(desk.lake.history(fifth.date).dates) == [*known, odd.date, fourth.date, fifth.date]
    assert desk.lake.fingerprint(fourth.date) == before
    assert desk.lake.fingerprint(fifth.date, fourth.date) != before
    assert fifth.date in desk.lake.rewritten(LAST)
    assert desk.lake.dates() == (*known, odd.date, fourth.date, fifth.date)


def test_publication_that_was_only_missed_was_known_on_its_date(
    desk: Desk, five: list[Block]
) -> None:
    """It had been published: a report that is made up for may use it."""
    desk.run(five[1].date, *five[:2])
    desk.run(five[4].date, *five)
    assert list(desk.lake.history(five[3].date).dates) == [block.date for block in five[:4]]
    assert desk.lake.store.keys("late") == []


def test_file_of_the_day_of_a_decision_comes_after_it(
    desk: Desk, five: list[Block], milk: Commodity
) -> None:
    """Accepted in the morning, corrected in the afternoon: the correction holds."""
    desk.run(five[2].date, *five[:3])
    for cents in range(8):  # the order must not hang on a hash
        bad = with_wrong_average(changed(five[1], {KEYS[0]: 24.5 + cents / 100}, milk))
        desk.run(five[3].date, five[0], bad, *five[2:4])
    release(desk.lake, five[1].date, five[4].date, LIMITS)
    right = changed(five[1], {KEYS[0]: 23.9}, milk)
    desk.run(five[4].date, five[0], right, *five[2:])
    assert desk.lake.cells(LAST)[right.date] == right.prices
    assert [file.accepted for file in desk.lake.received.all()][-2:] == [True, False]


def test_a_failing_copy_never_replaces_a_good_one(
    desk: Desk, five: list[Block], milk: Commodity
) -> None:
    desk.run(five[2].date, *five[:3])
    bad = with_wrong_average(changed(five[1], {KEYS[0]: 24.5}, milk))
    good = cells(desk.lake)
    summary = desk.run(five[3].date, five[0], bad, *five[2:4])
    assert summary.outcome is Outcome.NEW
    assert [waiting.block_date for waiting in summary.quarantined] == [bad.date]
    assert cells(desk.lake) == {**good, five[3].date: five[3].prices}
    desk.run(five[4].date, five[0], bad, *five[2:])
    sixth = after(five[4], days(6)[5], milk)
    summary = desk.run(sixth.date, five[0], bad, *five[2:], sixth)
    assert summary.released == (bad.date,)
    assert desk.lake.cells(LAST)[bad.date] == bad.prices
    assert desk.lake.cells(five[4].date)[bad.date] == five[1].prices


def test_a_copy_that_became_another_block_is_held_back(
    desk: Desk, five: list[Block], milk: Commodity
) -> None:
    desk.run(five[2].date, *five[:3])
    moved = {key: (price or 0.0) + 0.01 for key, price in five[0].prices.items()}
    summary = desk.run(five[3].date, block(five[0].date, moved, milk), *five[1:4])
    [waiting] = summary.quarantined
    assert "100% of the accepted prices are stated otherwise" in waiting.reasons[-1].detail
    assert desk.lake.cells(LAST)[five[0].date] == five[0].prices


def test_a_block_that_cannot_be_read_waits_too(
    desk: Desk, five: list[Block], milk: Commodity
) -> None:
    twice = [changed(five[2], {KEYS[0]: 24.5}, milk), five[2]]
    summary = desk.run(five[2].date, *five[:2], *twice)
    [waiting] = summary.quarantined
    assert (waiting.block_date, waiting.prices) == (five[2].date, None)
    before = tree(desk.stored)
    desk.run(five[2].date)
    assert tree(desk.stored) == before
    with pytest.raises(LakeError, match=r"no prices to accept \(layout: 2 blocks of one date"):
        release(desk.lake, five[2].date, five[2].date, LIMITS)


def test_a_person_can_accept_a_block(desk: Desk, five: list[Block]) -> None:
    desk.run(five[2].date, *five[:2], stale(five))
    release(desk.lake, five[2].date, five[2].date, LIMITS)
    assert cells(desk.lake) == expected(*five[:2], stale(five))
    before = tree(desk.stored)
    desk.daily(five[2].date).unlink()
    desk.run(five[2].date)
    assert tree(desk.stored) == before


def test_a_person_can_accept_a_correction(desk: Desk, five: list[Block], milk: Commodity) -> None:
    desk.run(five[2].date, *five[:3])
    bad = with_wrong_average(changed(five[1], {KEYS[0]: 24.5}, milk))
    desk.run(five[3].date, five[0], bad, *five[2:4])
    release(desk.lake, bad.date, five[3].date + timedelta(days=1), LIMITS)
    assert desk.lake.cells(five[3].date)[bad.date] == five[1].prices
    assert desk.lake.cells(LAST)[bad.date] == bad.prices
    before = tree(desk.stored)
    desk.run(five[3].date + timedelta(days=1))
    assert tree(desk.stored) == before


def test_waiting_and_missing_dates_are_told_apart(desk: Desk, five: list[Block]) -> None:
    assert desk.lake.gaps(LAST) == Gaps((), ())
    desk.run(five[4].date, five[0], with_wrong_average(five[2]), five[3], five[4])
    assert desk.lake.gaps(five[4].date) == Gaps((five[2].date,), (five[1].date,))
    assert desk.lake.gaps(five[1].date) == Gaps((), (five[1].date,))
    release(desk.lake, five[2].date, five[4].date, LIMITS)
    assert desk.lake.gaps(five[4].date) == Gaps((), (five[1].date,))


def test_waiting_is_what_the_lake_holds_otherwise_or_not_at_all(
    desk: Desk, five: list[Block], milk: Commodity
) -> None:
    bad = with_wrong_average(five[2])
    desk.run(five[2].date, *five[:2], bad)
    assert [(held.block_date, held.prices) for held in waiting(desk.lake, LAST)] == [
        (bad.date, bad.prices)
    ]
    desk.run(five[2].date, *five[:3])
    assert waiting(desk.lake, LAST) == []
    other = with_wrong_average(changed(five[0], {KEYS[0]: 24.5}, milk))
    desk.run(five[3].date, other, *five[1:4])
    assert [held.block_date for held in waiting(desk.lake, LAST)] == [other.date]
    release(desk.lake, other.date, five[3].date, LIMITS)
    assert waiting(desk.lake, LAST) == []


def test_an_unreadable_block_waits_until_its_date_is_in(desk: Desk, five: list[Block]) -> None:
    twice = [replace(five[2], prices={**five[2].prices, KEYS[0]: 24.5}), five[2]]
    desk.run(five[2].date, *five[:2], *twice)
    assert [held.block_date for held in waiting(desk.lake, LAST)] == [five[2].date]
    desk.run(five[3].date, *five[:4])
    assert waiting(desk.lake, LAST) == []
    with pytest.raises(LakeError, match="No publication of 2025-06-06 is quarantined"):
        release(desk.lake, five[2].date, five[3].date, LIMITS)


@pytest.mark.parametrize("price", [0.0, 500.0])
def test_a_block_without_a_plausible_price_cannot_be_accepted(
    price: float, desk: Desk, five: list[Block], milk: Commodity
) -> None:
    empty = block(five[2].date, dict.fromkeys(KEYS, price), milk)
    desk.run(five[2].date, *five[:2], empty)
    assert [held.block_date for held in waiting(desk.lake, LAST)] == [empty.date]
    before = tree(desk.stored)
    with pytest.raises(LakeError, match=r"no prices to accept .*Wait for a corrected file"):
        release(desk.lake, empty.date, empty.date, LIMITS)
    assert tree(desk.stored) == before


def test_there_must_be_something_to_accept(desk: Desk, five: list[Block]) -> None:
    desk.run(five[2].date, *five[:3])
    with pytest.raises(LakeError, match="No publication of 2025-06-04 is quarantined"):
        release(desk.lake, five[1].date, five[2].date, LIMITS)
