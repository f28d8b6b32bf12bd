import json
import shutil
from collections.abc import Sequence
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest

from canasta.monitor.archive import Archive, Report

SHARED = {"evidently-1.js": b"draw()", "evidently-1.woff2": b"font"}
DAY = date(2025, 4, 30)


def report(day: date = DAY, page: str | None = "<html>", **content: Any) -> Report:
    return Report("drift", day, {"run": day.isoformat(), **content}, page)


@pytest.fixture
def archive(tmp_path: Path) -> Archive:
    return Archive(tmp_path, pages=3)


def kept(archive: Archive, name: str, kind: str = "drift") -> list[Any]:
    """What runs found of one name, the newest first."""
    return [content[name] for _, content in archive.newest_first(kind)]


def files(archive: Archive) -> list[str]:
    found = (path for path in archive.folder.rglob("*") if path.is_file())
    return sorted(str(path.relative_to(archive.folder)) for path in found)


def test_a_page_lies_below_what_it_shares(archive: Archive) -> None:
    page = archive.keep(report(), SHARED)
    assert page == archive.folder / "drift" / "2025-04-30.html"
    assert page.read_text() == "<html>"
    assert (page.parent / ".." / "evidently-1.js").read_bytes() == b"draw()"
    assert len(files(archive)) == 4


def test_without_a_page_the_figures_are_named(archive: Archive) -> None:
    path = archive.keep(report(page=None), {})
    assert path.suffix == ".json"
    assert files(archive) == [str(path.relative_to(archive.folder))]


def test_the_same_finding_is_kept_once_another_beside_it(archive: Archive) -> None:
    for severity in ("OK", "OK", "ALERT"):
        archive.keep(report(severity=severity), SHARED)
    assert sorted(kept(archive, "severity")) == ["ALERT", "OK"]


def test_pages_stop_growing_and_figures_stay(archive: Archive) -> None:
    days = [DAY + timedelta(days=ahead) for ahead in range(10)]
    for day in days:
        archive.keep(report(day), SHARED)
    assert list(archive.pages("drift")) == days[-3:]
    assert [page.stem for page in archive.pages("drift").values()] == [str(d) for d in days[-3:]]
    assert kept(archive, "run") == [str(day) for day in reversed(days)]


def test_kinds_do_not_touch_each_other(archive: Archive) -> None:
    for ahead in range(5):
        archive.keep(report(DAY + timedelta(days=ahead)), SHARED)
    archive.keep(Report("performance", DAY, {}, "<p>"), SHARED)
    assert len(archive.pages("performance")) == 1
    assert len(archive.pages("drift")) == 3


def test_a_page_is_replaced_unless_the_day_is_made_up_for(archive: Archive) -> None:
    archive.keep(report(page="first"), SHARED)
    archive.keep(report(page="made up for"), SHARED, renew=False)
    assert archive.pages("drift")[DAY].read_text() == "first"
    page = archive.keep(report(page="second"), SHARED)
    assert page.read_text() == "second"


def test_the_newest_day_comes_first_and_of_it_what_was_kept_last(archive: Archive) -> None:
    for at in range(20):  # the digests of some pairs ascend, of others they descend
        day = DAY + timedelta(days=at)
        archive.keep(report(day, None, found="failed", at=at), {})
        archive.keep(report(day, None, found="mended", at=at), {})
    assert kept(archive, "found") == ["mended", "failed"] * 20
    assert kept(archive, "at") == sorted(2 * list(range(20)), reverse=True)
    assert kept(archive, "found", "performance") == []


@pytest.mark.parametrize("back", ["A", "B"])
def test_what_is_found_again_is_the_newest_and_kept_once(archive: Archive, back: str) -> None:
    paths = [archive.keep(report(page=None, found=found), {}) for found in ("A", "B", "C", back)]
    assert kept(archive, "found") == [back, "C", "A" if back == "B" else "B"]
    assert paths[-1].exists()
    again = archive.keep(report(page=None, found=back), {})
    assert again == paths[-1]
    assert len(files(archive)) == 3


def test_what_is_found_again_and_lies_there_torn_is_written_anew(archive: Archive) -> None:
    archive.keep(report(page=None, found="A"), {}).write_text("{")
    archive.keep(report(page=None, found="A"), {})
    assert kept(archive, "found") == ["A"]


def test_a_copy_of_the_folder_keeps_the_order(archive: Archive, tmp_path: Path) -> None:
    order = [str(at) for at in range(12)]
    for at in order:
        archive.keep(report(page=None, found=at), {})
    copied = Archive(tmp_path / "copy", pages=3)
    for name in reversed(files(archive)):  # with other times of writing
        (copied.folder / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(archive.folder / name, copied.folder / name)
    assert kept(copied, "found") == order[::-1]


@pytest.mark.parametrize("digests", [("0" * 8, "1" * 8), ("1" * 8, "0" * 8)])
def test_files_without_a_number_go_by_their_runs_behind_the_others(
    archive: Archive, digests: Sequence[str]
) -> None:
    folder = archive.keep(report(page=None, found="now"), {}).parent
    for day, digest in zip(("2025-04-30", "2025-05-02"), digests, strict=True):
        (folder / f"{DAY}-{digest}.json").write_text(json.dumps({"run": day, "found": day}))
    assert kept(archive, "found") == ["now", "2025-05-02", "2025-04-30"]


def test_of_a_day_whose_page_is_not_kept_the_figures_are_named(archive: Archive) -> None:
    for ahead in range(3):
        archive.keep(report(DAY + timedelta(days=ahead)), SHARED)
    path = archive.keep(report(DAY - timedelta(days=2)), SHARED)
    assert path.suffix == ".json"
    assert json.loads(path.read_text())["run"] == "2025-04-28"
    assert len(archive.pages("drift")) == 3


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("2025/2025-04-30-002-00000000.json", "{"),
        ("2025/2025-04-30-002-00000000.json", "[]"),
        ("2025/2025-04-30-002-00000000.json", "\udcff"),
        ("2025/2025-04-30-001-00000000 copia.json", "{}"),
        ("2025/2025-04-31-001-00000000.json", "{}"),
        ("2025/notes.json", "{}"),
        ("2025-04-30 copia.html", ""),
        ("20250430.html", ""),
    ],
)
def test_a_foreign_or_torn_file_is_left_out_and_told_once(
    archive: Archive, name: str, content: str, caplog: pytest.LogCaptureFixture
) -> None:
    archive.keep(report(), SHARED)
    foreign = archive.folder / "drift" / name
    foreign.write_bytes(content.encode(errors="surrogateescape"))
    for _ in range(2):
        assert kept(archive, "run") == [str(DAY)]
        assert list(archive.pages("drift")) == [DAY]
    archive.keep(report(DAY + timedelta(days=2)), SHARED)
    (told,) = caplog.records
    assert str(foreign) in told.getMessage()
    assert foreign.exists()


def test_whether_there_is_a_report_of_a_day(archive: Archive) -> None:
    (archive.folder / "drift" / f"{DAY}.html").mkdir(parents=True)
    with pytest.raises(IsADirectoryError):  # half of it is not enough
        archive.keep(report(), SHARED)
    assert not archive.has("drift", DAY)
    archive.keep(report(page=None), {})
    assert archive.has("drift", DAY)
    assert not archive.has("drift", DAY + timedelta(days=1))
    assert not archive.has("performance", DAY)
