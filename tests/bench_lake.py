"""`make bench`: reading a lake of ten years, against one file of the same rows."""

from __future__ import annotations

import io
import os
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import date
from itertools import cycle, islice
from pathlib import Path
from statistics import median
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from canasta.commodity import Commodity
from canasta.ingest import tables
from canasta.ingest.block import Block
from canasta.ingest.history import History, combine
from canasta.ingest.identity import SourceKind
from canasta.ingest.lake import Lake, open_lake
from canasta.ingest.price_files import daily_key
from canasta.ingest.quality import cleaned
from canasta.store import Store, store_for
from tests.s3_server import BUCKET, S3Server, s3_server

PUBLICATIONS = 1_560
FIRST = date(2015, 1, 1)
LAST = date(2030, 1, 1)
REPEATS = 5
ONE_FILE = "everything.parquet"

type Row = tuple[str, float, str, float]
"""Part, seconds, note, and the seconds of one file."""


def ten_years(blocks: Sequence[Block], milk: Commodity, folder: Path) -> Iterator[Row]:
    """Time the reading of a ten-year lake on disk, then on S3."""
    yield _row("on disk", store_for(str(folder / "ten-years")), blocks, milk)
    with s3_server(folder / "s3") as server, _environment(server):
        yield _row("on S3", store_for(f"s3://{BUCKET}/ten-years"), blocks, milk)


def _row(where: str, store: Store, blocks: Sequence[Block], milk: Commodity) -> Row:
    lake = open_lake(store, milk, SourceKind.SNIIM)
    days = islice(milk.publication_calendar.expected_after(FIRST), PUBLICATIONS)
    for day, block in zip(days, cycle(blocks), strict=False):
        lake.add_publication(day, cleaned(block.prices, milk))
    joined = lake.join_due()
    contents = store.read_all([daily_key(day) for day in lake.dates()])
    store.replace(ONE_FILE, _one_file(contents))
    mine, theirs = _alternating(lambda: Lake(store, milk).history(LAST), lambda: _read(store, milk))
    return (
        f"read ten years {where}",
        mine,
        f"{len(contents)} publications, {len(joined)} joined files",
        theirs,
    )


def _alternating(one: Callable[[], Any], other: Callable[[], Any]) -> tuple[float, float]:
    """Return the median seconds of both, run in turn."""
    seconds: tuple[list[float], list[float]] = ([], [])
    for _ in range(REPEATS):
        for spent, work in zip(seconds, (one, other), strict=True):
            begun = time.perf_counter()
            work()
            spent.append(time.perf_counter() - begun)
    return median(seconds[0]), median(seconds[1])


def _one_file(contents: Sequence[bytes]) -> bytes:
    table = pa.concat_tables([pq.read_table(io.BytesIO(content)) for content in contents])
    sink = io.BytesIO()
    pq.write_table(table, sink, compression="snappy")
    return sink.getvalue()


def _read(store: Store, milk: Commodity) -> History:
    names = [*milk.keys.columns, milk.keys.price, tables.DATE]
    table = tables.read(store.read(ONE_FILE), names, ONE_FILE)
    days = table.pop(tables.DATE).to_numpy().astype("datetime64[D]")
    return combine([table], [days], milk).history()


@contextmanager
def _environment(server: S3Server) -> Iterator[None]:
    before = {name: os.environ.get(name) for name in server.variables}
    os.environ.update(server.variables)
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                del os.environ[name]
            else:
                os.environ[name] = value
