"""Blocks that wait: not what the lake holds, and still what the newest file states."""

import io
from dataclasses import replace
from datetime import date, timedelta

import openpyxl
import pytest

from canasta.commodity import Commodity
from canasta.errors import LakeError
from canasta.ingest.block import Block
from canasta.ingest.intake import release, unsettled, waiting
from canasta.ingest.lake import Gaps
from canasta.ingest.quarantine import Quarantined
from canasta.ingest.summary import Outcome
from canasta.workbook_bytes import save
from tests.unit.ingest.builders import (
    KEYS,
    LIMITS,
    changed,
    publish,
    tree,
    with_wrong_average,
)
from tests.unit.ingest.desk import LAST, Desk


def dates(blocks: list[Quarantined]) -> list[date | None]:
    return [block.block_date for block in blocks]


def faulty(stated: Block, milk: Commodity, price: float = 24.5) -> Block:
    """The block with another price, and an average that its cities do not give."""
    return with_wrong_average(changed(stated, {KEYS[0]: price}, milk))


def mistyped(stated: Block) -> Block:
    """The block, dated ten years early."""
    return replace(stated, date=stated.date.replace(year=2015))


def twice(stated: Block, milk: Commodity) -> list[Block]:
    """Two copies of one date that differ: that date cannot be read."""
    return [changed(stated, {KEYS[0]: 24.5}, milk), stated]


def without_date(content: bytes, text: str) -> bytes:
    """The workbook with the cells blank that hold a text."""
    book = openpyxl.load_workbook(io.BytesIO(content))
    for cell in (cell for row in book.worksheets[0].iter_rows() for cell in row):
        if cell.value == text:
            cell.value = None
    return save(book)


def test_a_faulty_copy_that_the_next_file_corrects_waits_no_more(
    desk: Desk, five: list[Block], milk: Commodity
) -> None:
    desk.run(five[1].date, *five[:2])
    bad = faulty(five[1], milk)
    desk.run(five[2].date, five[0], bad, five[2])
    assert dates(waiting(desk.lake, LAST)) == [bad.date]
    desk.run(five[3].date, *five[:4])
    assert waiting(desk.lake, LAST) == []
    assert dates(unsettled(desk.lake, LAST)) == [bad.date]
    assert dates(waiting(desk.lake, five[2].date)) == [bad.date], "on that day it waited"
    assert waiting(desk.lake, five[1].date) == [], "nor had it come before"


def test_a_withdrawn_copy_that_comes_again_waits_again(
    desk: Desk, five: list[Block], milk: Commodity
) -> None:
    desk.run(five[1].date, *five[:2])
    bad = faulty(five[1], milk)
    desk.run(five[2].date, five[0], bad, five[2])
    desk.run(five[3].date, *five[:4])
    desk.run(five[4].date, five[0], bad, *five[2:])
    assert dates(waiting(desk.lake, LAST)) == [bad.date]


def test_a_mistyped_year_that_the_next_file_corrects_is_no_gap(
    desk: Desk, five: list[Block]
) -> None:
    wrong = mistyped(five[2])
    desk.run(five[1].date, *five[:2])
    desk.run(five[3].date, wrong, *five[:2], five[3])
    assert desk.lake.gaps(five[3].date) == Gaps((wrong.date,), (five[2].date,))
    desk.run(five[4].date, *five)
    assert desk.lake.gaps(five[4].date) == Gaps((), ())
    assert desk.lake.gaps(five[3].date).quarantined == (wrong.date,), "as it was known then"
    assert waiting(desk.lake, LAST) == []


def test_a_mistyped_year_that_each_file_repeats_waits_on(desk: Desk, five: list[Block]) -> None:
    wrong = mistyped(five[2])
    for count in (3, 4, 5):
        desk.run(five[count - 1].date, wrong, *five[:2], *five[3:count])
        assert desk.lake.gaps(five[4].date).quarantined == (wrong.date,)
    assert dates(waiting(desk.lake, LAST)) == [wrong.date]


def test_an_unreadable_block_waits_as_long_as_files_repeat_it(
    desk: Desk, five: list[Block], milk: Commodity
) -> None:
    """However many do: there is nothing in it to let in."""
    for count in (3, 4, 5):
        newest = five[3:count]
        summary = desk.run(five[count - 1].date, *five[:2], *twice(five[2], milk), *newest)
        assert dates(list(summary.waiting)) == [five[2].date]
        assert summary.released == ()
        assert dates(waiting(desk.lake, LAST)) == [five[2].date]
        assert desk.lake.gaps(LAST).quarantined == (five[2].date,)
        before = tree(desk.stored)
        desk.run(five[count - 1].date)
        assert tree(desk.stored) == before


def test_a_block_that_is_left_out_again_is_not_waited_for(
    desk: Desk, five: list[Block], milk: Commodity
) -> None:
    """Its date is a gap like any other."""
    desk.run(five[2].date, *five[:2], *twice(five[2], milk))
    desk.run(five[3].date, *five[:2], five[3])
    assert waiting(desk.lake, LAST) == []
    assert desk.lake.gaps(five[3].date) == Gaps((), (five[2].date,))


def test_an_unreadable_copy_of_an_accepted_day_waits_for_nothing(
    desk: Desk, five: list[Block], milk: Commodity
) -> None:
    desk.run(five[2].date, *five[:3])
    summary = desk.run(five[3].date, five[0], *twice(five[1], milk), *five[2:4])
    assert dates(list(summary.quarantined)) == [five[1].date]
    assert (summary.outcome, summary.waiting) == (Outcome.NEW, ())
    assert waiting(desk.lake, LAST) == []


def test_a_block_without_a_date_waits_for_its_first_file_alone(
    desk: Desk, five: list[Block], milk: Commodity
) -> None:
    """Once that file's own block is in, nothing is known to be lacking, however often it comes."""
    nameless = changed(replace(five[1], date=five[0].date + timedelta(days=1)), {}, milk)
    for newest in (five[1], faulty(five[2], milk)):
        blocks = [five[0], nameless, five[1], *([newest] if newest.date > five[1].date else [])]
        path = publish(desk.published, blocks, milk)
        path.write_bytes(without_date(path.read_bytes(), "3 de junio de 2025"))
        summary = desk.run(newest.date)
    assert dates(desk.lake.stated(LAST)) == [None, five[2].date]
    assert dates(list(summary.waiting)) == dates(waiting(desk.lake, LAST)) == [five[2].date]


def test_a_person_can_accept_what_the_source_withdrew(
    desk: Desk, five: list[Block], milk: Commodity
) -> None:
    desk.run(five[2].date, *five[:2], faulty(five[2], milk))
    desk.run(five[3].date, *five[:2], five[3])
    release(desk.lake, five[2].date, five[3].date, LIMITS)
    assert desk.lake.cells(LAST)[five[2].date] == faulty(five[2], milk).prices
    assert unsettled(desk.lake, LAST) == []
    with pytest.raises(LakeError, match="is quarantined"):
        release(desk.lake, five[2].date, five[3].date, LIMITS)


def test_what_the_newest_file_states_is_accepted_before_what_was_withdrawn(
    desk: Desk, five: list[Block], milk: Commodity
) -> None:
    first, second = (faulty(five[1], milk, price) for price in (24.5, 24.75))
    desk.run(five[1].date, five[0], first)
    desk.run(five[2].date, five[0], second, five[2])
    desk.run(five[3].date, five[0], first, *five[2:4])
    assert [held.prices for held in waiting(desk.lake, LAST)] == [first.prices]
    accepted = release(desk.lake, five[1].date, five[3].date, LIMITS)
    assert accepted.prices == first.prices


def test_a_decision_is_no_file(desk: Desk, five: list[Block], milk: Commodity) -> None:
    """It states nothing, so what the newest file states waits on."""
    bad = [faulty(stated, milk) for stated in five[1:3]]
    desk.run(five[2].date, five[0], *bad)
    release(desk.lake, bad[0].date, five[2].date + timedelta(days=1), LIMITS)
    assert dates(waiting(desk.lake, LAST)) == [bad[1].date]
    assert desk.lake.gaps(LAST).quarantined == (bad[1].date,)


def test_a_lost_raw_copy_brings_no_withdrawn_block_back(
    desk: Desk, five: list[Block], milk: Commodity
) -> None:
    """The next run passes over the file before it."""
    desk.run(five[1].date, *five[:2])
    desk.run(five[2].date, five[0], faulty(five[1], milk), five[2])
    desk.run(five[3].date, *five[:4])
    newest = desk.lake.received.newest(LAST)
    assert newest is not None
    (desk.stored / "raw" / f"{newest.sha256}.xlsx").unlink()
    desk.run(five[3].date)
    assert waiting(desk.lake, LAST) == []
