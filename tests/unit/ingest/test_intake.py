from collections.abc import Callable
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path

import pytest

from canasta.commodity import Commodity
from canasta.errors import LakeError, NoPublication, NotAWorkbook, SourceUnreachable
from canasta.ingest.block import Block
from canasta.ingest.intake import ingest, release
from canasta.ingest.lake import Gaps, Lake, SourceKind, daily_key, open_lake
from canasta.ingest.summary import IngestSummary, Outcome
from canasta.store import Store, store_for
from simulate_publication import Layout
from tests.unit.ingest.builders import (
    KEYS,
    LIMITS,
    block,
    changed,
    days,
    publications,
    publish,
    tree,
    with_wrong_average,
)

LAST = date(2030, 1, 1)


class Desk:
    """A folder of publications, a lake beside it, and a run as of each day."""

    def __init__(self, folder: Path, milk: Commodity) -> None:
        self.milk = milk
        self.published = folder / "published"
        self.stored = folder / "lake"
        self.lake = open_lake(store_for(str(self.stored)), milk, SourceKind.SNIIM)

    def run(self, day: date, *blocks: Block, layout: Layout | None = None) -> IngestSummary:
        """Publish a file, if blocks are given, and ingest as of `day`."""
        if blocks:
            publish(self.published, blocks, self.milk, layout)
        self.published.mkdir(exist_ok=True)
        return ingest(self.lake, self.published.as_uri(), day, LIMITS)

    def daily(self, day: date) -> Path:
        return self.stored / daily_key(day)


@pytest.fixture
def desk(tmp_path: Path, milk: Commodity) -> Desk:
    return Desk(tmp_path, milk)


@pytest.fixture
def five(milk: Commodity) -> list[Block]:
    return publications(5, milk)


def cells(lake: Lake) -> dict[date, object]:
    return dict(lake.cells(LAST))


def expected(*blocks: Block) -> dict[date, object]:
    return {stated.date: stated.prices for stated in blocks}


def stale(five: list[Block]) -> Block:
    """The third publication, repeating the second."""
    return replace(five[1], date=five[2].date)


def after(stated: Block, day: date, milk: Commodity) -> Block:
    """A usual publication that comes after `stated`."""
    prices = {key: (stated.prices[key] or 0.0) + 0.25 for key in KEYS[:2]}
    return replace(changed(stated, prices, milk), date=day)


def test_the_first_run_takes_the_whole_history(desk: Desk, five: list[Block]) -> None:
    summary = desk.run(five[4].date, *five)
    assert summary.outcome is Outcome.NEW
    assert summary.new == (five[4].date,)
    assert summary.backfilled == tuple(stated.date for stated in five[:4])
    assert (summary.publication_date, summary.newest) == (five[4].date, five[4].date)
    assert summary.publication_url == (desk.published / "Leche11062025.xlsx").as_uri()
    assert (summary.quarantined, summary.revised, summary.flags) == ((), (), ())
    assert cells(desk.lake) == expected(*five)


def test_the_bytes_as_received_are_kept_under_their_hash(desk: Desk, five: list[Block]) -> None:
    desk.run(five[1].date, *five[:2])
    [raw] = (desk.stored / "raw").iterdir()
    assert raw.read_bytes() == (desk.published / "Leche04062025.xlsx").read_bytes()


def test_a_second_run_writes_nothing(desk: Desk, five: list[Block]) -> None:
    desk.run(five[4].date, *five)
    before = tree(desk.stored)
    summary = desk.run(five[4].date)
    assert tree(desk.stored) == before
    assert summary.outcome is Outcome.NOTHING_NEW
    assert (summary.new, summary.backfilled, summary.publication_url) == ((), (), None)
    assert summary.newest == five[4].date


def test_days_without_a_publication_write_nothing(desk: Desk, five: list[Block]) -> None:
    desk.run(five[4].date, *five)
    before = tree(desk.stored)
    for ahead in range(1, 40):
        summary = desk.run(five[4].date + timedelta(days=ahead))
        assert summary.outcome is Outcome.NOTHING_NEW
    assert tree(desk.stored) == before


def test_publications_one_by_one_give_the_lake_that_all_at_once_give(
    desk: Desk, five: list[Block], tmp_path: Path, milk: Commodity
) -> None:
    for at, stated in enumerate(five, start=1):
        assert desk.run(stated.date, *five[:at]).new == (stated.date,)
    other = Desk(tmp_path / "other", milk)
    other.run(five[4].date, *five)
    assert tree(desk.stored / "daily") == tree(other.stored / "daily")


def test_missed_publications_are_filled_in(desk: Desk, five: list[Block]) -> None:
    desk.run(five[0].date, five[0])
    summary = desk.run(five[3].date, *five[:4])
    assert summary.new == (five[3].date,)
    assert summary.backfilled == (five[1].date, five[2].date)
    assert cells(desk.lake) == expected(*five[:4])


def test_blocks_after_the_day_are_ignored(desk: Desk, five: list[Block]) -> None:
    path = publish(desk.published, five, desk.milk)
    path.rename(desk.published / "Leche06062025.xlsx")
    summary = desk.run(five[2].date)
    assert summary.newest == five[2].date
    assert cells(desk.lake) == expected(*five[:3])


def test_a_file_found_up_to_fourteen_days_back(desk: Desk, five: list[Block]) -> None:
    publish(desk.published, five[:1], desk.milk)
    with pytest.raises(NoPublication, match="15 days up to 2025-06-17"):
        desk.run(five[0].date + timedelta(days=15))
    assert desk.run(five[0].date + timedelta(days=14)).newest == five[0].date


def test_nothing_found_for_an_empty_lake_is_an_error(desk: Desk) -> None:
    with pytest.raises(NoPublication, match="PUBLICATION_URL"):
        desk.run(LAST)


def test_a_source_that_is_not_there_is_told_apart(desk: Desk, tmp_path: Path) -> None:
    with pytest.raises(SourceUnreachable, match="Expected a folder"):
        ingest(desk.lake, (tmp_path / "nowhere").as_uri(), LAST, LIMITS)


def test_a_page_instead_of_the_file_is_told_apart_and_kept(desk: Desk, five: list[Block]) -> None:
    desk.run(five[0].date, five[0])
    before = tree(desk.stored)
    page = desk.published / "Leche04062025.xlsx"
    page.write_bytes(b"<html>Error</html>")
    with pytest.raises(NotAWorkbook, match="HTML"):
        desk.run(five[1].date)
    kept = {name: content for name, content in tree(desk.stored).items() if name not in before}
    assert list(kept.values()) == [b"<html>Error</html>"]
    assert all(name.startswith("raw/") for name in kept)
    assert desk.run(five[1].date, *five[:2]).new == (five[1].date,)


def test_a_page_does_not_hide_an_older_new_file(desk: Desk, five: list[Block]) -> None:
    desk.run(five[0].date, five[0])
    publish(desk.published, five[:2], desk.milk)
    (desk.published / "Leche05062025.xlsx").write_bytes(b"<html>Error</html>")
    assert desk.run(date(2025, 6, 5)).new == (five[1].date,)


@pytest.mark.parametrize("lost", [(1,), (0, 2, 3), (4,), (2, 3, 4), (0, 1, 2, 3, 4)])
def test_lost_publications_come_back_identical(
    lost: tuple[int, ...], desk: Desk, five: list[Block]
) -> None:
    desk.run(five[4].date, *five)
    before = tree(desk.stored)
    for at in lost:
        desk.daily(five[at].date).unlink()
    desk.run(five[4].date)
    assert tree(desk.stored) == before


def test_they_come_back_from_the_raw_copy_when_the_source_has_forgotten(
    desk: Desk, five: list[Block]
) -> None:
    desk.run(five[4].date, *five)
    before = tree(desk.stored)
    (desk.published / "Leche11062025.xlsx").unlink()
    desk.daily(five[1].date).unlink()
    summary = desk.run(five[4].date)
    assert summary.backfilled == (five[1].date,)
    assert tree(desk.stored) == before


def test_a_correction_is_a_revision(desk: Desk, five: list[Block], milk: Commodity) -> None:
    desk.run(five[2].date, *five[:3])
    first_files = tree(desk.stored / "daily")
    corrected = changed(five[1], {KEYS[0]: 24.5, KEYS[7]: None}, milk)
    summary = desk.run(five[3].date, five[0], corrected, *five[2:4])
    [revision] = summary.revised
    assert (revision.block_date, revision.first_seen) == (five[1].date, five[3].date)
    assert revision.changes == {
        KEYS[0]: (five[1].prices[KEYS[0]], 24.5),
        KEYS[7]: (five[1].prices[KEYS[7]], None),
    }
    assert cells(desk.lake) == expected(five[0], corrected, *five[2:4])
    assert desk.lake.cells(five[2].date)[five[1].date] == five[1].prices
    assert {**tree(desk.stored / "daily"), **first_files} == tree(desk.stored / "daily")
    before = tree(desk.stored)
    assert desk.run(five[3].date).revised == ()
    desk.daily(five[1].date).unlink()
    desk.run(five[3].date)
    assert tree(desk.stored) == before


def test_a_value_that_goes_back_and_forth_is_followed(
    desk: Desk, five: list[Block], milk: Commodity
) -> None:
    other = changed(five[0], {KEYS[0]: 24.5}, milk)
    for at, copy in enumerate([five[0], other, five[0], other]):
        desk.run(five[at].date, *{0: [five[0]]}.get(at, [copy, *five[1 : at + 1]]))
    seen = [desk.lake.cells(stated.date)[five[0].date][KEYS[0]] for stated in five[:4]]
    assert seen == [20.0, 24.5, 20.0, 24.5]


def test_a_block_missing_from_a_later_file_is_no_revision(desk: Desk, five: list[Block]) -> None:
    desk.run(five[2].date, *five[:3])
    summary = desk.run(five[3].date, *five[1:4])
    assert summary.revised == ()
    assert cells(desk.lake) == expected(*five[:4])


def test_an_old_file_read_late_undoes_no_correction(
    desk: Desk, five: list[Block], milk: Commodity
) -> None:
    desk.run(five[1].date, *five[:2])
    corrected = changed(five[0], {KEYS[0]: 24.5}, milk)
    desk.run(five[3].date, corrected, *five[1:4])
    desk.daily(five[2].date).unlink()
    before = cells(desk.lake)
    summary = desk.run(five[2].date, *five[:3])
    assert summary.revised == ()
    assert cells(desk.lake) == {**before, five[2].date: five[2].prices}


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
    with pytest.raises(LakeError, match="could not be read"):
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


def test_there_must_be_something_to_accept(desk: Desk, five: list[Block]) -> None:
    desk.run(five[2].date, *five[:3])
    with pytest.raises(LakeError, match="No publication of 2025-06-04 is quarantined"):
        release(desk.lake, five[1].date, five[2].date, LIMITS)


def test_a_file_without_the_block_of_its_name_is_flagged(desk: Desk, five: list[Block]) -> None:
    desk.run(five[0].date, five[0])
    publish(desk.published, five[:1], desk.milk).rename(desk.published / "Leche04062025.xlsx")
    summary = desk.run(five[1].date)
    assert summary.outcome is Outcome.NOTHING_NEW
    assert [flag.finding.kind for flag in summary.flags] == ["file-without-its-block"]


def test_flags_of_accepted_publications_are_told_once(
    desk: Desk, five: list[Block], milk: Commodity
) -> None:
    jumped = changed(five[1], {KEYS[0]: 26.0}, milk)
    desk.run(five[0].date, five[0])
    summary = desk.run(jumped.date, five[0], jumped)
    assert [(flag.date, flag.finding.kind) for flag in summary.flags] == [(jumped.date, "jump")]
    assert desk.run(jumped.date).flags == ()


class Killed(BaseException):
    """The process is gone."""


class MortalStore(Store):
    """A store whose process is killed at its n-th write."""

    def __init__(self, url: str, writes: int) -> None:
        super().__init__(url)
        self._left = writes

    def replace(self, key: str, content: bytes) -> None:
        if not self._left:
            raise Killed
        self._left -= 1
        super().replace(key, content)


def story(milk: Commodity) -> Callable[[Path, Store], None]:
    """Two runs with everything in them: new, missed, corrected, quarantined, released."""
    five = publications(5, milk)
    corrected = changed(five[0], {KEYS[0]: 24.5}, milk)
    bad = with_wrong_average(five[1])

    def tell(published: Path, store: Store) -> None:
        lake = open_lake(store, milk, SourceKind.SNIIM)
        publish(published, [five[0], bad, five[2]], milk)
        ingest(lake, published.as_uri(), five[2].date, LIMITS)
        publish(published, [corrected, bad, *five[2:4]], milk)
        ingest(lake, published.as_uri(), five[3].date, LIMITS)
        publish(published, [corrected, bad, *five[2:]], milk)
        ingest(lake, published.as_uri(), five[4].date, LIMITS)

    return tell


def test_a_run_killed_between_any_two_writes_is_completed_by_the_next(
    tmp_path: Path, milk: Commodity
) -> None:
    tell = story(milk)
    published = tmp_path / "published"
    tell(published, store_for(str(tmp_path / "whole")))
    whole = tree(tmp_path / "whole")
    assert any(name.startswith("revisions/") for name in whole)
    assert any("repeated" in name for name in whole)
    killed = 0
    for writes in range(len(whole)):
        url = str(tmp_path / f"killed-{writes}")
        with pytest.raises(Killed):
            tell(published, MortalStore(url, writes))
        killed += 1
        tell(published, store_for(url))
        assert tree(Path(url)) == whole
    assert killed == len(whole)
