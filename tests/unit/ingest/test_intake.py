import hashlib
import json
from collections.abc import Callable
from datetime import date, timedelta
from pathlib import Path

import pytest

from canasta.commodity import Commodity
from canasta.errors import NoPublication, NotAWorkbook, SourceUnreachable
from canasta.ingest.block import Block
from canasta.ingest.identity import SourceKind
from canasta.ingest.intake import ingest
from canasta.ingest.lake import open_lake
from canasta.ingest.summary import Outcome
from canasta.store import PARTIAL_SUFFIX, Store, store_for
from tests.unit.ingest.builders import (
    KEYS,
    LIMITS,
    changed,
    publications,
    publish,
    tree,
    with_wrong_average,
)
from tests.unit.ingest.desk import LAST, Desk, cells, expected


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
    sha256 = hashlib.sha256(page.read_bytes()).hexdigest()
    told = json.loads(kept.pop(f"refused/{five[1].date}/{sha256}.json"))
    assert kept == {f"raw/{sha256}.xlsx": page.read_bytes()}
    assert (told["url"], told["bytes"], told["error"]) == (page.as_uri(), 18, "NotAWorkbook")
    assert "HTML" in told["reason"]
    assert desk.run(five[1].date, *five[:2]).new == (five[1].date,)


def test_an_empty_file_leaves_nothing_to_keep(desk: Desk, five: list[Block]) -> None:
    desk.run(five[0].date, five[0])
    before = tree(desk.stored)
    (desk.published / "Leche04062025.xlsx").write_bytes(b"")
    with pytest.raises(NotAWorkbook, match="an empty file"):
        desk.run(five[1].date)
    assert tree(desk.stored) == before


def test_a_file_over_the_limit_is_kept_up_to_it(desk: Desk, five: list[Block]) -> None:
    limit = desk.milk.source.max_bytes
    with publish(desk.published, five[:1], desk.milk).open("r+b") as file:
        file.truncate(limit + 1)
    with pytest.raises(NotAWorkbook, match=f"larger than {limit} bytes"):
        desk.run(five[0].date)
    assert [len(content) for name, content in tree(desk.stored / "raw").items()] == [limit]
    assert len(tree(desk.stored / "refused")) == 1


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


def test_what_a_killed_write_left_is_removed(desk: Desk, five: list[Block]) -> None:
    desk.run(five[0].date, five[0])
    before = tree(desk.stored)
    for folder in (desk.stored, desk.stored / "daily" / "2025" / "06", desk.stored / "raw"):
        (folder / f".x1y2{PARTIAL_SUFFIX}").write_bytes(b"half")
    desk.run(five[0].date)
    assert tree(desk.stored) == before


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
