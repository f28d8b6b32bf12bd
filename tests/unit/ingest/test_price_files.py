"""Joined files change how a lake is read, and nothing of what is read."""

import logging
from datetime import date, timedelta
from pathlib import Path

import numpy as np
import pytest

from canasta.commodity import Commodity
from canasta.errors import ObjectCorrupt
from canasta.ingest.identity import SourceKind
from canasta.ingest.lake import Lake, open_lake
from canasta.ingest.price_files import daily_key
from canasta.store import Store, store_for
from tests.unit.ingest.builders import publications

LAST = date(2030, 1, 1)


@pytest.fixture(params=["folder", "s3"])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Store:
    local = request.param == "folder"
    return store_for(str(tmp_path / "lake") if local else request.getfixturevalue("s3_url"))


@pytest.fixture
def lake(store: Store, milk: Commodity) -> Lake:
    """Thirty publications over three years, none joined."""
    lake = open_lake(store, milk, SourceKind.SNIIM)
    for at, block in enumerate(publications(30, milk)):
        lake.add_publication(date(2022, 11, 2) + timedelta(28 * at), block.prices)
    return lake


def again(lake: Lake) -> Lake:
    """The same lake, opened anew."""
    return Lake(lake.store, lake.commodity)


def assert_same(one: Lake, other: Lake, day: date = LAST) -> None:
    left, right = one.history(day), other.history(day)
    assert left.keys == right.keys
    assert left.dates == right.dates
    np.testing.assert_array_equal(left.prices, right.prices)
    assert one.fingerprint(day) == other.fingerprint(day)


def test_history_and_fingerprint_are_the_same_joined_or_not(lake: Lake) -> None:
    plain = again(lake)
    early = date(2023, 6, 1)
    assert_same(plain, plain, early)
    assert plain.history(LAST).dates == lake.dates()
    made = lake.join_due()
    assert len(made) > 2
    assert lake.join_due() == [], "what is joined stays joined"
    assert_same(plain, again(lake))
    assert_same(plain, again(lake), early)
    assert_same(plain, again(lake), lake.dates()[0])


def test_joined_lake_is_read_in_few_files(lake: Lake, monkeypatch: pytest.MonkeyPatch) -> None:
    made = lake.join_due()
    asked: list[str] = []
    reading = Store.read_all

    def counted(store: Store, keys: list[str]) -> list[bytes]:
        asked.extend(keys)
        return reading(store, keys)

    monkeypatch.setattr(Store, "read_all", counted)
    opened = again(lake)
    opened.history(LAST)
    assert len(asked) < len(lake.dates()) / 2
    assert set(made) <= set(asked)
    opened.history(LAST)
    opened.fingerprint(LAST)
    assert len(asked) == len(set(asked)), "immutable: what was read is remembered"


def test_damaged_joined_file_is_told_and_passed_over(
    lake: Lake, caplog: pytest.LogCaptureFixture
) -> None:
    plain = again(lake)
    plain.history(LAST)
    plain.fingerprint(LAST)
    for key in lake.join_due():
        content = lake.store.read(key)
        middle = len(content) // 3
        lake.store.replace(key, content[:middle] + bytes([content[middle] ^ 1]) + content[middle:])
    with caplog.at_level(logging.WARNING):
        assert_same(plain, again(lake))
    assert "reading the daily files instead" in caplog.text


def test_one_flipped_bit_in_a_joined_page_is_noticed(lake: Lake) -> None:
    plain = again(lake)
    plain.history(LAST)
    plain.fingerprint(LAST)
    key = lake.join_due()[0]
    content = lake.store.read(key)
    for at in range(40, 400, 60):
        lake.store.replace(key, content[:at] + bytes([content[at] ^ 4]) + content[at + 1 :])
        assert_same(plain, again(lake))


def test_daily_file_that_is_damaged_is_an_error(lake: Lake) -> None:
    day = lake.dates()[-1]
    lake.store.replace(daily_key(day), b"no parquet")
    with pytest.raises(ObjectCorrupt, match=f"{day}-data.parquet"):
        again(lake).history(LAST)


def test_deleted_daily_file_is_gone_although_it_was_joined(tmp_path: Path, milk: Commodity) -> None:
    """The daily files are the truth: what was joined of them does not bring one back."""
    lake = open_lake(store_for(str(tmp_path)), milk, SourceKind.SNIIM)
    for at, block in enumerate(publications(30, milk)):
        lake.add_publication(date(2022, 11, 2) + timedelta(28 * at), block.prices)
    lake.join_due()
    day = lake.dates()[3]
    (tmp_path / daily_key(day)).unlink()
    assert day not in again(lake).history(LAST).dates
