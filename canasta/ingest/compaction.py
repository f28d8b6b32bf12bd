"""Daily files joined by month and by year, so that a long history is read in few requests.

    compacted/<YYYY or YYYY-MM>-<16 hex digits>.parquet

The daily files stay the truth: the digits are a hash of the names and sizes of the very files that
were joined, so that a joined file is used only while the lake lists exactly those. Its metadata
holds their SHA-256, its pages carry checksums. Whatever is not joined, or cannot be read, is read
from the daily files; joined files may be removed at any time.
"""

from __future__ import annotations

import hashlib
import io
import json
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from canasta.errors import ObjectCorrupt

FOLDER = "compacted"
HASHES = b"canasta.sha256"
"""Metadata of a joined file: SHA-256 of each file in it, by key, as JSON."""
YEAR, MONTH = len("daily/YYYY"), len("daily/YYYY/MM")
"""Length of the part of a daily file's key that its period shares."""


@dataclass(frozen=True, slots=True)
class Joined:
    """A joined file: its key, and the daily files in it with their sizes in bytes."""

    key: str
    files: Mapping[str, int]


def plan(daily: Mapping[str, int], stored: Iterable[str]) -> tuple[list[Joined], list[str]]:
    """Choose what to read: joined files that are there, and the daily files in none of them.

    Args:
        daily: sizes of the daily files by key, ascending.
        stored: keys of the joined files that are there.
    """
    there, chosen, left = set(stored), list[Joined](), dict(daily)
    for length in (YEAR, MONTH):
        for joined in _periods(left, length):
            if joined.key in there:
                chosen.append(joined)
                left = {key: size for key, size in left.items() if key not in joined.files}
    return chosen, list(left)


def due(daily: Mapping[str, int], stored: Iterable[str]) -> list[Joined]:
    """Return what is to be joined: each year that is over, and each month of the last one."""
    if not daily:
        return []
    newest, there = max(daily), set(stored)
    years = [joined for joined in _periods(daily, YEAR) if newest not in joined.files]
    current = {key: size for key, size in daily.items() if key[:YEAR] == newest[:YEAR]}
    months = [joined for joined in _periods(current, MONTH) if newest not in joined.files]
    return [joined for joined in (*years, *months) if joined.key not in there]


def join(files: Sequence[str], contents: Sequence[bytes], schema: Any) -> bytes:
    """Join daily files, given by key with their bytes; equal files give equal bytes.

    Args:
        files: their keys.
        contents: of each.
        schema: of the joined file: an earlier system's files have other types and columns.

    Raises:
        ObjectCorrupt: one of them cannot be read, or lacks a column.
    """
    hashes = {
        key: hashlib.sha256(content).hexdigest()
        for key, content in zip(files, contents, strict=True)
    }
    try:
        tables = [_read(content, schema) for content in contents]
    except (pa.ArrowException, OSError, KeyError) as error:
        raise ObjectCorrupt(f"{files[0]} to {files[-1]} cannot be joined: {error}") from error
    metadata = {HASHES: json.dumps(hashes).encode()}
    table = pa.concat_tables(tables).replace_schema_metadata(metadata)
    sink = io.BytesIO()
    pq.write_table(table, sink, compression="snappy", write_page_checksum=True)
    return sink.getvalue()


def _read(content: bytes, schema: Any) -> Any:
    table = pq.ParquetFile(pa.BufferReader(content)).read()
    return table.select(schema.names).cast(schema, safe=False)


def hashes_in(content: bytes, where: str) -> dict[str, str]:
    """Return the SHA-256 of each daily file that a joined file holds, by key.

    Raises:
        ObjectCorrupt: the bytes are no joined file; the message names `where`.
    """
    try:
        metadata = pq.read_schema(pa.BufferReader(content)).metadata or {}
        hashes: dict[str, str] = json.loads(metadata[HASHES])
    except (pa.ArrowException, OSError, KeyError, ValueError) as error:
        raise ObjectCorrupt(f"{where} is no joined file: {error!r}") from error
    return hashes


def _periods(daily: Mapping[str, int], length: int) -> list[Joined]:
    periods: dict[str, dict[str, int]] = defaultdict(dict)
    for key, size in daily.items():
        periods[key[:length]][key] = size
    return [Joined(_key(period, files), files) for period, files in periods.items()]


def _key(period: str, files: Mapping[str, int]) -> str:
    named = "\n".join(f"{key} {size}" for key, size in sorted(files.items()))
    digits = hashlib.sha256(named.encode()).hexdigest()[:16]
    return f"{FOLDER}/{period.removeprefix('daily/').replace('/', '-')}-{digits}.parquet"
