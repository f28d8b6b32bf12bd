"""Every way of the catalogue, over real http: what Canasta makes of it, row by row of
docs/hostile-publications.md, and that the next publication finds and leaves a lake in order."""

import hashlib
import json
import re
import shutil
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path

import pytest

from canasta.commodity import Commodity
from canasta.errors import LakeMismatch, NotAWorkbook, PublicationError, SourceUnreachable
from canasta.ingest.block import Block
from canasta.ingest.identity import SourceKind
from canasta.ingest.intake import release
from canasta.ingest.price_files import daily_key
from canasta.ingest.quality import Cells
from canasta.ingest.summary import IngestSummary, Outcome
from simulate_publication import render, simulate
from simulate_publication.hostile_content import Edition, national_rise, year_in_the_past
from simulate_publication.hostile_transport import SORRY_PAGE
from simulate_publication.layout import SIMULATION
from simulate_publication.misbehaviour import CATALOGUE, TransportWay
from tests.integration.hostile_setting import FOREVER, Place
from tests.unit.ingest.builders import LIMITS

KNOWN = 20
"""Publications in the lake before the hostile one."""
MAX_BYTES = 200_000
TABLE = Path(__file__).parents[2] / "docs" / "hostile-publications.md"


@pytest.fixture(scope="module")
def small(milk: Commodity) -> Commodity:
    """Milk whose files are small, so that too much is soon reached."""
    sized = milk.source.model_copy(update={"max_bytes": MAX_BYTES})
    return milk.model_copy(update={"source": sized})


@pytest.fixture(scope="module")
def blocks(small: Commodity) -> list[Block]:
    """KNOWN publications and three more; the first of the three, in September, is the hostile."""
    history = simulate(small, 3, date(2024, 9, 25))
    assert history[-3].date == date(2024, 9, 20)
    return history[-KNOWN - 3 :]


@pytest.fixture(scope="module")
def workbooks(blocks: list[Block], small: Commodity) -> dict[int, bytes]:
    """The good workbook of the hostile day and of the day after, by their number of blocks."""
    counts = (KNOWN + 1, KNOWN + 2)
    return {count: render(blocks[:count], small, layout=SIMULATION) for count in counts}


@pytest.fixture(scope="module")
def filled(tmp_path_factory: pytest.TempPathFactory, blocks: list[Block], small: Commodity) -> Path:
    """A folder with a lake of KNOWN good publications."""
    folder = tmp_path_factory.mktemp("filled")
    Place(folder, small).good(blocks[:KNOWN])
    return folder


@pytest.fixture
def place(filled: Path, tmp_path: Path, small: Commodity) -> Place:
    shutil.copytree(filled, tmp_path / "place")
    return Place(tmp_path / "place", small)


def half(workbook: bytes) -> bytes:
    return workbook[: len(workbook) // 2]


def padded(workbook: bytes) -> bytes:
    return workbook.ljust(MAX_BYTES, b"\0")


@dataclass(frozen=True)
class Refused:
    """No publication: an error, and what came of the file with the reason; or nothing at all."""

    error: type[PublicationError]
    reason: str
    came: Callable[[bytes], bytes] | None = None


@dataclass(frozen=True)
class Taken:
    """A workbook that was read. `cells` makes what is stored from the prices as they are;
    `quarantined` and `flags` are kinds, `revised` counts revisions.
    """

    cells: Callable[[Cells], Cells] | None = dict
    flags: tuple[str, ...] = ()
    quarantined: tuple[str, ...] = ()
    outcome: Outcome = Outcome.NEW
    revised: int = 0


def some_city(cells: Cells) -> str:
    return next(key[1] for key, price in cells.items() if price)


def without_city(cells: Cells) -> Cells:
    return {key: price for key, price in cells.items() if key[1] != some_city(cells)}


def with_city(cells: Cells) -> Cells:
    more = {k: p for k, p in cells.items() if k[1] == some_city(cells)}
    return {**cells, **{(k[0], f"{k[1]} Centro", *k[2:]): price for k, price in more.items()}}


def without_first(cells: Cells) -> Cells:
    first = next(key for key, price in cells.items() if price)
    return {key: price for key, price in cells.items() if key != first}


HELD = Taken(None, outcome=Outcome.QUARANTINED)
READ = Taken()
NULLS = Taken(without_city)
EXPECTED: dict[str, Refused | Taken] = {
    "html-page": Refused(NotAWorkbook, "an HTML or XML page", lambda _: SORRY_PAGE),
    "truncated-zip": Refused(NotAWorkbook, "damaged or truncated", half),
    "zip-bomb": Refused(NotAWorkbook, "unpacked", lambda _: b"PK"),
    "over-size": Refused(NotAWorkbook, f"larger than {MAX_BYTES} bytes", padded),
    "stall": Refused(SourceUnreachable, r"ReadTimeout.*attempts: 2", half),
    "broken-connection": Refused(SourceUnreachable, r"RemoteProtocolError.*attempts: 2", half),
    "trickle": Refused(SourceUnreachable, "had not ended after 0.5 s", lambda _: b"P"),
    "server-error": Refused(SourceUnreachable, "status 500; attempts: 2"),
    "server-error-once": READ,
    "missing-file": Taken(None, outcome=Outcome.NOTHING_NEW),
    "duplicate-equal": READ,
    "duplicate-unequal": replace(HELD, quarantined=("layout",)),
    "reversed-order": READ,
    "date-cells": READ,
    "setiembre": READ,
    "upper-case-month": READ,
    "nbsp-labels": READ,
    "decimal-comma": READ,
    "extra-footers": READ,
    "nd-with-dots": NULLS,
    "nd": NULLS,
    "dash": NULLS,
    "blank": NULLS,
    "zero": NULLS,
    "shifted-decimal": Taken(without_first, flags=("implausible-price",)),
    "new-city": Taken(with_city, flags=("new-label",) * 4),
    "vanished-city": Taken(without_city, flags=("vanished-label",) * 4),
    "renamed-city": Taken(
        lambda cells: without_city(with_city(cells)),
        flags=("new-label",) * 4 + ("vanished-label",) * 4,
    ),
    "wrong-average": replace(HELD, quarantined=("checksum-mismatch",)),
    "stale-repeat": replace(HELD, quarantined=("stale",)),
    "national-rise": replace(HELD, quarantined=("rewritten",)),
    "year-in-the-past": Taken(
        None, ("file-without-its-block",), ("isolated-date",), Outcome.NOTHING_NEW
    ),
    "year-in-the-future": Taken(
        None, ("date-far-ahead", "file-without-its-block"), outcome=Outcome.NOTHING_NEW
    ),
    "changed-past-price": Taken(revised=1, flags=("revision",)),
}


def test_catalogue_table_and_expectations_name_the_same_ways() -> None:
    rows = re.findall(r"^\| `([a-z-]+)` \|", TABLE.read_text(encoding="utf-8"), re.MULTILINE)
    assert rows == list(CATALOGUE)
    assert set(EXPECTED) == set(CATALOGUE)


@pytest.mark.parametrize("name", CATALOGUE)
def test_each_way_ends_where_the_table_says(
    name: str, place: Place, blocks: list[Block], workbooks: dict[int, bytes]
) -> None:
    hostile, next_day, expected = blocks[KNOWN], blocks[KNOWN + 1].date, EXPECTED[name]
    workbook = workbooks[KNOWN + 1]
    place.put(hostile.date, workbook)
    before = place.files()
    if isinstance(expected, Refused):
        with pytest.raises(expected.error, match=f"(?s){expected.reason}") as raised:
            place.run(hostile.date, name)
        check_refused(place, before, expected, raised.value, workbook)
    else:
        summary = place.run(hostile.date, name)
        check_taken(place, before, name, summary, blocks[: KNOWN + 1], workbook)

    # The next day of a publisher that behaves well: whatever came, the lake is in order.
    place.put(next_day, workbooks[KNOWN + 2])
    assert place.run(next_day).new == (next_day,)
    assert place.quoted() == place.truth(blocks[: KNOWN + 2])
    assert {key: place.files()[key] for key in before} == before


def check_refused(
    place: Place,
    before: dict[str, bytes],
    expected: Refused,
    error: PublicationError,
    workbook: bytes,
) -> None:
    new = {key: content for key, content in place.files().items() if key not in before}
    if expected.came is None:
        assert new == {}
        return
    [raw], [record] = [key for key in new if key[:4] == "raw/"], [k for k in new if k[:4] != "raw/"]
    kept, sha256 = new[raw], hashlib.sha256(new[raw]).hexdigest()
    assert kept.startswith(expected.came(workbook))
    # A bomb's bytes and a trickle's length are the server's; everything else is known exactly.
    assert len(kept) == len(expected.came(workbook)) or len(expected.came(workbook)) < 5
    assert len(kept) <= MAX_BYTES
    assert (raw, record) == (f"raw/{sha256}.xlsx", f"refused/2024-09-20/{sha256}.json")
    told = json.loads(new[record])
    assert re.fullmatch(r"http://127.0.0.1:\d+/Leche20092024.xlsx", told.pop("url"))
    assert told == {"bytes": len(kept), "error": type(error).__name__, "reason": str(error)}


def check_taken(
    place: Place,
    before: dict[str, bytes],
    name: str,
    summary: IngestSummary,
    blocks: list[Block],
    workbook: bytes,
) -> None:
    expected, hostile = EXPECTED[name], blocks[-1]
    assert isinstance(expected, Taken)
    assert summary.outcome is expected.outcome
    assert sorted(flag.finding.kind for flag in summary.flags) == sorted(expected.flags)
    ours = [flag for flag in summary.flags if flag.finding.kind != "revision"]
    assert {flag.date for flag in ours} <= {hostile.date}
    reasons = [reason.kind for block in summary.quarantined for reason in block.reasons]
    assert set(reasons) == set(expected.quarantined)
    assert (len(summary.quarantined), len(summary.revised)) == (bool(reasons), expected.revised)
    assert (summary.backfilled, summary.released) == ((), ())

    truth = place.truth(blocks)
    stored = None if expected.cells is None else expected.cells(truth[hostile.date])
    assert place.quoted().get(hostile.date) == stored
    assert summary.new == ((hostile.date,) if stored is not None else ())

    found = [key for key in place.files() if key not in before]
    is_read = name != "missing-file"
    assert Counter(key.split("/")[0] for key in found) == +Counter(
        raw=is_read,
        received=is_read,
        daily=stored is not None,
        quarantine=len(summary.quarantined),
        revisions=expected.revised,
    )
    for key in found:
        if key.startswith("raw/"):
            content = place.files()[key]
            assert key == f"raw/{hashlib.sha256(content).hexdigest()}.xlsx"
            assert (content == workbook) == isinstance(CATALOGUE[name], TransportWay)


def test_unquoted_cells_are_nulls_in_the_daily_file(place: Place, blocks: list[Block]) -> None:
    hostile = blocks[KNOWN]
    place.publish(blocks[: KNOWN + 1])
    place.run(hostile.date, "nd")
    cells = place.lake.cells(FOREVER)[hostile.date]
    city = some_city(hostile.prices)
    assert list(cells) == list(hostile.prices)
    assert {price for key, price in cells.items() if key[1] == city} == {None}


def test_a_changed_past_price_is_a_revision_from_the_day_it_was_seen(
    place: Place, blocks: list[Block]
) -> None:
    before, hostile = blocks[KNOWN - 1 : KNOWN + 1]
    place.publish(blocks[: KNOWN + 1])
    daily = place.files()[daily_key(before.date)]
    [revision] = place.run(hostile.date, "changed-past-price").revised
    assert (revision.block_date, revision.first_seen) == (before.date, hostile.date)
    [(key, (old, new))] = revision.changes.items()
    assert (old, new) == (before.prices[key], round((old or 0) + 0.5, 2))
    assert place.lake.cells(before.date)[before.date][key] == old
    assert place.lake.cells(hostile.date)[before.date][key] == new
    assert place.files()[daily_key(before.date)] == daily


def raised(blocks: list[Block], commodity: Commodity) -> list[Block]:
    """The blocks after the KNOWN ones, 10 % higher."""
    up = [national_rise(Edition(commodity, (block,), SIMULATION)).newest for block in blocks]
    return [*blocks[:KNOWN], *up[KNOWN:]]


def test_a_national_rise_that_two_later_publications_agree_with_is_released(
    place: Place, blocks: list[Block], small: Commodity
) -> None:
    high = raised(blocks, small)
    first = place.good(high[: KNOWN + 1])
    assert [b.block_date for b in first.quarantined] == [high[KNOWN].date]
    second = place.good(high[: KNOWN + 2])
    assert [b.block_date for b in second.quarantined] == [high[KNOWN + 1].date]
    assert (second.outcome, second.newest) == (Outcome.QUARANTINED, high[KNOWN - 1].date)
    third = place.good(high)
    assert third.released == (high[KNOWN].date,)
    assert (third.outcome, third.newest, third.waiting) == (Outcome.NEW, high[-1].date, ())
    assert place.quoted() == place.truth(high)


def test_a_mistyped_year_is_not_released_by_being_repeated(
    place: Place, blocks: list[Block], small: Commodity
) -> None:
    mistyped = year_in_the_past(Edition(small, tuple(blocks[: KNOWN + 1]), SIMULATION)).newest
    for count in (KNOWN + 1, KNOWN + 2, KNOWN + 3):
        rest = blocks[KNOWN + 1 : count]
        place.publish([mistyped, *blocks[:KNOWN], *rest, blocks[count - 1]][: count + 1])
        summary = place.run(blocks[count - 1].date)
        assert [block.block_date for block in summary.waiting] == [mistyped.date]
        assert summary.released == ()
    assert mistyped.date not in place.lake.dates()
    release(place.lake, mistyped.date, blocks[-1].date, LIMITS)
    assert place.lake.dates()[0] == mistyped.date


def test_a_mistyped_year_in_the_first_file_ever_is_quarantined(
    tmp_path: Path, blocks: list[Block], small: Commodity
) -> None:
    place = Place(tmp_path, small)
    mistyped = replace(blocks[7], date=blocks[7].date.replace(year=2014))
    summary = place.good([*blocks[:7], *blocks[8:KNOWN], mistyped, blocks[KNOWN]])
    [held] = summary.quarantined
    assert [reason.kind for reason in held.reasons] == ["isolated-date"]
    assert "nothing came before 2014-" in held.reasons[0].detail
    assert summary.newest == blocks[KNOWN].date
    assert place.quoted() == place.truth([*blocks[:7], *blocks[8 : KNOWN + 1]])


def test_simulated_prices_for_a_lake_of_real_ones_are_refused_likewise(
    tmp_path: Path, blocks: list[Block], small: Commodity
) -> None:
    place = Place(tmp_path, small, SourceKind.SNIIM)
    before = place.files()
    path = place.publish(blocks)
    with pytest.raises(LakeMismatch) as refused:
        place.run(blocks[-1].date)
    sha256 = hashlib.sha256(path.read_bytes()).hexdigest()
    new = {key: content for key, content in place.files().items() if key not in before}
    record = new.pop(f"refused/2024-09-25/{sha256}.json")
    assert new == {f"raw/{sha256}.xlsx": path.read_bytes()}
    told = json.loads(record)
    assert (told["error"], told["reason"]) == ("LakeMismatch", str(refused.value))

    path.write_bytes(render(blocks, small))
    assert place.run(blocks[-1].date).newest == blocks[-1].date
    assert place.quoted() == place.truth(blocks)
