from datetime import date
from pathlib import Path

import pytest

from canasta.errors import ObjectCorrupt
from canasta.ingest.received import ReceivedFiles
from canasta.ingest.source import Publication
from canasta.store import store_for

DAY = date(2025, 6, 2)


@pytest.fixture
def files(tmp_path: Path) -> ReceivedFiles:
    return ReceivedFiles(store_for(str(tmp_path)))


def note(files: ReceivedFiles, content: bytes, day: date = DAY) -> int:
    return files.note(Publication(day, "file:///x", content), files.keep(content)).sequence


def test_the_same_file_is_noted_once(files: ReceivedFiles) -> None:
    assert [note(files, b"one"), note(files, b"one")] == [1, 1]
    assert len(files.all()) == 1


def test_a_file_replaced_on_its_day_is_the_next_of_that_day(files: ReceivedFiles) -> None:
    assert [note(files, b"one"), note(files, b"two"), note(files, b"one")] == [1, 2, 3]
    newest = files.newest(DAY)
    assert newest is not None
    assert (newest.sequence, files.content(newest)) == (3, b"one")


def test_the_newest_is_the_newest_on_or_before_a_day(files: ReceivedFiles) -> None:
    note(files, b"late", date(2025, 6, 6))
    note(files, b"early", date(2025, 6, 4))
    found = [files.newest(date(2025, 6, day)) for day in (3, 5, 6, 30)]
    assert [file and files.content(file) for file in found] == [None, b"early", b"late", b"late"]
    days = [files.newest_date(date(2025, 6, day)) for day in (3, 5, 6, 30)]
    assert days == [None, date(2025, 6, 4), date(2025, 6, 6), date(2025, 6, 6)]


def test_the_date_of_the_newest_needs_no_copy_and_no_decision_counts(
    files: ReceivedFiles, tmp_path: Path
) -> None:
    note(files, b"one")
    files.note_decision(date(2025, 6, 4), "ab" * 32, "quarantine/x.json")
    for copy in (tmp_path / "raw").iterdir():
        copy.unlink()
    assert files.newest_date(date(2025, 6, 30)) == DAY
    assert files.newest(date(2025, 6, 30)) is None


def test_a_lost_copy_is_passed_over_and_a_damaged_one_is_named(
    files: ReceivedFiles, tmp_path: Path
) -> None:
    note(files, b"old")
    note(files, b"new", date(2025, 6, 4))
    newest = files.newest(date(2025, 6, 4))
    assert newest is not None
    copy = tmp_path / "raw" / f"{newest.sha256}.xlsx"
    copy.write_bytes(b"damaged")
    with pytest.raises(ObjectCorrupt, match=newest.sha256):
        files.content(newest)
    copy.unlink()
    left = files.newest(date(2025, 6, 4))
    assert left is not None
    assert files.content(left) == b"old"
