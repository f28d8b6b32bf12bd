import io
from datetime import date, timedelta

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st

from canasta.errors import ObjectCorrupt
from canasta.ingest import compaction
from canasta.ingest.price_files import daily_key
from canasta.ingest.tables import publication_bytes, schema
from canasta.labels import Key

COLUMNS = ("Estado", "Ciudad", "Tipo", "Canal")
SCHEMA = schema(COLUMNS, "Precio")
SIZE = 7_000


def listing(*days: date) -> dict[str, int]:
    return {daily_key(day): SIZE for day in sorted(days)}


def every(first: date, last: date, step: int = 2) -> list[date]:
    count = (last - first).days // step
    return [first + timedelta(step * at) for at in range(count + 1)]


LONG = listing(*every(date(2022, 12, 1), date(2025, 4, 30)))


def period(joined: compaction.Joined) -> str:
    return joined.key.removeprefix("compacted/").rpartition("-")[0]


def test_due_are_years_and_the_last_year_s_months_that_are_over() -> None:
    found = [period(one) for one in compaction.due(LONG, [])]
    assert found == ["2022", "2023", "2024", "2025-01", "2025-02", "2025-03"]


def test_nothing_is_due_twice_nor_for_a_lake_that_is_new() -> None:
    done = [one.key for one in compaction.due(LONG, [])]
    assert compaction.due(LONG, done) == []
    assert compaction.due({}, []) == []
    assert compaction.due(listing(date(2025, 4, 30)), []) == []


def test_ten_years_are_read_in_a_few_dozen_files() -> None:
    ten = listing(*every(date(2015, 1, 2), date(2024, 12, 30)))
    joined, single = compaction.plan(ten, [one.key for one in compaction.due(ten, [])])
    assert len(ten) > 1_800
    assert len(joined) + len(single) == 9 + 11 + 15


def test_joined_file_is_used_only_for_the_very_files_that_are_listed() -> None:
    stored = [one.key for one in compaction.due(LONG, [])]
    lost = {key: size for key, size in LONG.items() if key != daily_key(date(2023, 1, 2))}
    changed = LONG | {daily_key(date(2024, 1, 1)): SIZE + 1}
    late = dict(sorted((LONG | listing(date(2025, 2, 1))).items()))
    for now, gone in ((lost, "2023"), (changed, "2024"), (late, "2025-02")):
        joined, single = compaction.plan(now, stored)
        assert gone not in [period(one) for one in joined]
        assert {key for one in joined for key in one.files} | set(single) == set(now)


def test_months_serve_until_their_year_is_joined() -> None:
    stored = [one.key for one in compaction.due(LONG, [])]
    later = LONG | listing(*every(date(2025, 5, 2), date(2026, 1, 2)))
    joined, _ = compaction.plan(later, stored)
    assert [period(one) for one in joined] == [
        "2022", "2023", "2024", "2025-01", "2025-02", "2025-03",
    ]  # fmt: skip
    stored += [one.key for one in compaction.due(later, stored)]
    joined, single = compaction.plan(later, stored)
    assert [period(one) for one in joined] == ["2022", "2023", "2024", "2025"]
    assert [key[:15] for key in single] == ["daily/2026/01/2"]


@given(st.sets(st.dates(date(2019, 1, 1), date(2023, 12, 31)), max_size=60), st.data())
def test_plan_covers_every_daily_file_once(days: set[date], data: st.DataObject) -> None:
    now = listing(*days)
    stored = [one.key for one in compaction.due(now, []) if data.draw(st.booleans())]
    joined, single = compaction.plan(now, [*stored, "compacted/2019-somebody-else-s.parquet"])
    covered = [key for one in joined for key in one.files] + single
    assert sorted(covered) == list(now)
    assert [one.key for one in joined] == [key for key in stored if key in {j.key for j in joined}]


def contents(count: int) -> dict[str, bytes]:
    days = every(date(2025, 1, 1), date(2025, 1, 1 + 2 * (count - 1)))
    cells: dict[Key, float | None] = {
        ("Jalisco", "Guadalajara", "Pasteurizada", "Tiendas"): 25.5,
        ("a", "b", "c", "d"): None,
    }
    return {daily_key(day): publication_bytes(day, cells, COLUMNS, "Precio") for day in days}


def test_join_keeps_every_row_and_the_hash_of_every_file() -> None:
    files = contents(3)
    joined = compaction.join(list(files), list(files.values()), SCHEMA)
    assert joined == compaction.join(list(files), list(files.values()), SCHEMA)
    rows = [row for one in files.values() for row in pq.read_table(io.BytesIO(one)).to_pylist()]
    assert pq.read_table(io.BytesIO(joined)).to_pylist() == rows
    assert list(compaction.hashes_in(joined, "x")) == list(files)


def test_what_cannot_be_joined_or_read_is_corrupt() -> None:
    files = contents(2)
    with pytest.raises(ObjectCorrupt, match="cannot be joined"):
        compaction.join(list(files), [next(iter(files.values())), b"PAR1"], SCHEMA)
    with pytest.raises(ObjectCorrupt, match="no joined file"):
        compaction.hashes_in(next(iter(files.values())), "compacted/2025-x.parquet")
    with pytest.raises(ObjectCorrupt, match="no joined file"):
        compaction.hashes_in(b"", "compacted/2025-x.parquet")


def test_files_of_an_earlier_system_are_joined_with_ours() -> None:
    """Its dates are in nanoseconds, its labels large strings, its columns in another order."""
    ours = contents(2)
    table = pq.read_table(io.BytesIO(next(iter(ours.values()))))
    types = {"Fecha": pa.timestamp("ns"), "Precio": pa.float32()}
    theirs = pa.table(
        {
            name: table[name].cast(types.get(name, pa.large_string()))
            for name in reversed(table.column_names)
        }
        | {"extra": pa.array([1] * table.num_rows)}
    )
    sink = io.BytesIO()
    pq.write_table(theirs, sink)
    joined = compaction.join(list(ours), [sink.getvalue(), list(ours.values())[1]], SCHEMA)
    rows = [row for one in ours.values() for row in pq.read_table(io.BytesIO(one)).to_pylist()]
    assert pq.read_table(io.BytesIO(joined)).to_pylist() == rows
