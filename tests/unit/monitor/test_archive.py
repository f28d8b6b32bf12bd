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
    assert sorted(content["severity"] for content in archive.contents("drift")) == ["ALERT", "OK"]


def test_pages_stop_growing_and_figures_stay(archive: Archive) -> None:
    days = [DAY + timedelta(days=ahead) for ahead in range(10)]
    for day in days:
        archive.keep(report(day), SHARED)
    assert [page.stem for page in archive.pages("drift")] == [str(day) for day in days[-3:]]
    assert [content["run"] for content in archive.contents("drift")] == [str(day) for day in days]


def test_kinds_do_not_touch_each_other(archive: Archive) -> None:
    for ahead in range(5):
        archive.keep(report(DAY + timedelta(days=ahead)), SHARED)
    archive.keep(Report("performance", DAY, {}, "<p>"), SHARED)
    assert len(archive.pages("performance")) == 1
    assert len(archive.pages("drift")) == 3


def test_a_page_is_replaced_unless_the_day_is_made_up_for(archive: Archive) -> None:
    archive.keep(report(page="first"), SHARED)
    archive.keep(report(page="made up for"), SHARED, renew=False)
    assert archive.pages("drift")[0].read_text() == "first"
    page = archive.keep(report(page="second"), SHARED)
    assert page.read_text() == "second"


def test_contents_go_by_day_then_by_run(archive: Archive) -> None:
    later = Report("drift", DAY, {"run": "2025-05-02"}, None)
    earlier = Report("drift", DAY, {"run": "2025-04-30"}, None)
    older = Report("drift", DAY - timedelta(days=2), {"run": "2025-06-01"}, None)
    for one in (later, earlier, older):
        archive.keep(one, {})
    assert [content["run"] for content in archive.contents("drift")] == [
        "2025-06-01",
        "2025-04-30",
        "2025-05-02",
    ]
    assert [content["run"] for content in archive.contents("drift", about=DAY)] == [
        "2025-04-30",
        "2025-05-02",
    ]
    assert archive.contents("performance") == []
