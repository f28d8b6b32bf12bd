import io
from collections.abc import Sequence
from datetime import date, datetime
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from canasta.commodity import Commodity
from canasta.errors import LakeEmpty, ObjectCorrupt
from canasta.ingest.block import Block
from canasta.ingest.history import History
from canasta.ingest.identity import SourceKind
from canasta.ingest.lake import Lake, open_lake
from canasta.ingest.price_files import daily_key
from canasta.ingest.quality import Cells
from canasta.ingest.revisions import Revision
from canasta.labels import Key
from canasta.store import Store, store_for
from tests.unit.ingest.builders import KEYS, days, publications

LAST = date(2030, 1, 1)
NAMES = ("Estado", "Ciudad", "Tipo", "Canal")


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return store_for(str(tmp_path / "lake"))


@pytest.fixture
def lake(store: Store, milk: Commodity) -> Lake:
    return open_lake(store, milk, SourceKind.SNIIM)


@pytest.fixture
def blocks(milk: Commodity) -> list[Block]:
    return publications(4, milk)


def filled(lake: Lake, blocks: Sequence[Block]) -> Lake:
    for block in blocks:
        lake.add_publication(block.date, block.prices)
    return lake


def plainly(found: History) -> dict[date, dict[Key, float]]:
    """The quoted cells of a history, by date."""
    return {
        day: {
            key: float(found.prices[row, column])
            for row, key in enumerate(found.keys)
            if np.isfinite(found.prices[row, column])
        }
        for column, day in enumerate(found.dates)
    }


def quoted(cells: Cells) -> dict[Key, float]:
    return {key: price for key, price in cells.items() if price is not None}


def table(
    rows: Sequence[tuple[date, Key, float | None]], stamp: pa.DataType, text: pa.DataType
) -> bytes:
    """A file as the earlier system wrote it."""
    arrays = {"Fecha": pa.array([datetime(d.year, d.month, d.day) for d, _, _ in rows], stamp)}  # noqa: DTZ001
    for at, name in enumerate(NAMES):
        arrays[name] = pa.array([key[at] for _, key, _ in rows], text)
    arrays["Precio"] = pa.array([price for _, _, price in rows], pa.float64())
    content = io.BytesIO()
    pq.write_table(pa.table(arrays), content)
    return content.getvalue()


def test_a_publication_lies_where_and_as_the_contract_says(lake: Lake, blocks: list[Block]) -> None:
    prices = {**blocks[0].prices, KEYS[1]: None}
    assert lake.add_publication(date(2025, 6, 2), prices)
    content = lake.store.read("daily/2025/06/2025-06-02-data.parquet")
    found = pq.read_table(io.BytesIO(content))
    assert found.schema.equals(
        pa.schema(
            [("Fecha", pa.timestamp("us"))]
            + [(name, pa.string()) for name in NAMES]
            + [("Precio", pa.float64())]
        )
    )
    rows = list(zip(*(found.column(name).to_pylist() for name in NAMES), strict=True))
    assert rows == list(prices)
    assert found.column("Precio").to_pylist() == list(prices.values())
    assert found.column("Precio").null_count == 1
    assert set(found.column("Fecha").cast(pa.date32()).to_pylist()) == {date(2025, 6, 2)}


def test_a_publication_is_written_once(lake: Lake, blocks: list[Block]) -> None:
    assert lake.add_publication(blocks[0].date, blocks[0].prices)
    before = lake.store.read(daily_key(blocks[0].date))
    assert not lake.add_publication(blocks[0].date, blocks[1].prices)
    assert lake.store.read(daily_key(blocks[0].date)) == before


def test_history_gives_back_what_was_added(lake: Lake, blocks: list[Block]) -> None:
    filled(lake, blocks[::-1])
    found = lake.history(LAST)
    assert found.keys == tuple(sorted(KEYS))
    assert found.dates == tuple(days(4)) == lake.dates()
    assert plainly(found) == {block.date: dict(block.prices) for block in blocks}
    assert lake.cells(LAST) == {block.date: block.prices for block in blocks}


def test_history_does_not_see_the_future(lake: Lake, blocks: list[Block]) -> None:
    filled(lake, blocks)
    assert lake.history(days(4)[1]).dates == tuple(days(4)[:2])
    with pytest.raises(LakeEmpty, match="make daily"):
        lake.history(date(2025, 6, 1))


def test_a_series_that_is_never_quoted_is_still_there(lake: Lake, blocks: list[Block]) -> None:
    lake.add_publication(blocks[0].date, {**blocks[0].prices, KEYS[4]: None})
    found = lake.history(LAST)
    assert np.isnan(found.prices[found.keys.index(KEYS[4])]).all()


def test_revisions_count_from_the_day_they_were_first_seen(lake: Lake, blocks: list[Block]) -> None:
    filled(lake, blocks)
    first, second, third, _ = days(4)
    old = blocks[0].prices[KEYS[0]]
    new: Key = ("Puebla", "Puebla", *KEYS[0][2:])
    assert lake.add_revision(Revision(first, second, 1, {KEYS[0]: (old, 30.0), new: (None, 31.0)}))
    assert lake.add_revision(Revision(first, third, 1, {KEYS[0]: (30.0, None)}))
    assert not lake.add_revision(Revision(first, third, 1, {KEYS[0]: (30.0, None)}))
    seen = [plainly(lake.history(day))[first] for day in (first, second, third)]
    assert seen[0] == blocks[0].prices
    assert seen[1] == {**blocks[0].prices, KEYS[0]: 30.0, new: 31.0}
    assert seen[2] == {**{k: p for k, p in blocks[0].prices.items() if k != KEYS[0]}, new: 31.0}
    assert lake.cells(second)[first] == {**blocks[0].prices, KEYS[0]: 30.0, new: 31.0}
    assert lake.cells(first)[third] == blocks[2].prices


@pytest.mark.parametrize("stamp", [pa.timestamp("ns"), pa.timestamp("us"), pa.date32()])
@pytest.mark.parametrize("text", [pa.string(), pa.large_string()])
def test_a_lake_of_the_earlier_system_is_readable_as_it_is(
    lake: Lake, blocks: list[Block], stamp: pa.DataType, text: pa.DataType
) -> None:
    def dirty(key: Key) -> Key:
        return (f"{key[0]} ", key[1].replace(" ", "\N{NO-BREAK SPACE}"), *key[2:])

    rows = [(b.date, dirty(key), price) for b in blocks[:3] for key, price in b.prices.items()]
    rows += [(b.date, ("Sonora", "Promedio aritmético", *KEYS[0][2:]), 25.5) for b in blocks[:3]]
    rows[5] = (*rows[5][:2], 0.0)
    rows[6] = (*rows[6][:2], None)
    lake.store.replace("monthly/2025/06/2025-06-data.parquet", table(rows, stamp, text))
    lake.store.replace(
        daily_key(blocks[3].date),
        table(
            [(blocks[3].date, key, price) for key, price in blocks[3].prices.items()], stamp, text
        ),
    )
    expected = {block.date: dict(block.prices) for block in blocks}
    del expected[blocks[0].date][KEYS[5]], expected[blocks[0].date][KEYS[6]]
    assert lake.dates() == tuple(days(4))
    assert plainly(lake.history(LAST)) == expected
    assert lake.history(LAST).keys == tuple(sorted(KEYS))


def test_a_daily_file_holds_over_a_monthly_one(lake: Lake, blocks: list[Block]) -> None:
    rows = [(blocks[0].date, key, 11.0) for key in KEYS]
    monthly = table(rows, pa.timestamp("us"), pa.string())
    lake.store.replace("monthly/2025/06/2025-06-data.parquet", monthly)
    filled(lake, blocks[:1])
    assert plainly(lake.history(LAST)) == {blocks[0].date: blocks[0].prices}


def test_damaged_and_foreign_files_are_named(lake: Lake, blocks: list[Block]) -> None:
    filled(lake, blocks)
    lake.store.replace(daily_key(blocks[1].date), b"PAR1 damaged")
    with pytest.raises(ObjectCorrupt, match=r"2025-06-04-data\.parquet is no readable parquet"):
        lake.history(LAST)
    other = io.BytesIO()
    pq.write_table(pa.table({"Estado": ["Jalisco"], "Precio": [20.0]}), other)
    lake.store.replace(daily_key(blocks[1].date), other.getvalue())
    with pytest.raises(ObjectCorrupt, match="lacks the columns Canal, Ciudad, Fecha, Tipo"):
        lake.history(LAST)


def test_the_fingerprint_tells_what_the_history_is_made_of(
    lake: Lake, blocks: list[Block], tmp_path: Path, milk: Commodity
) -> None:
    filled(lake, blocks)
    twin = filled(Lake(store_for(str(tmp_path / "twin")), milk), blocks)
    first, second, third, last = days(4)
    assert lake.fingerprint(LAST) == twin.fingerprint(LAST) == twin.fingerprint(last)
    assert len({lake.fingerprint(day) for day in days(4)}) == 4
    twin.add_revision(Revision(first, third, 1, {KEYS[0]: (20.0, 30.0)}))
    assert lake.fingerprint(second) == twin.fingerprint(second)
    assert lake.fingerprint(third) != twin.fingerprint(third)
