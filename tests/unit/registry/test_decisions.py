import json
import re
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta, timezone
from pathlib import Path

import pytest

from canasta.errors import ObjectCorrupt
from canasta.registry.decisions import (
    AT_A_TIME,
    Kind,
    Record,
    led_to,
    newest_first,
    newest_search,
    next_moment,
    read_newest,
    read_record,
    write_record,
)
from canasta.store import Store
from tests.unit.registry.builders import LINEAGE

NOON = datetime(2025, 4, 30, 12, 0, tzinfo=UTC)
MADE = Record(
    kind=Kind.SEARCH,
    time=NOON,
    reason="xgboost wins.",
    origin=date(2025, 4, 30),
    lineage=LINEAGE,
    ruling={"evidence": {"origins": 90}},
    before=None,
    after=None,
)


@pytest.fixture
def lake(tmp_path: Path) -> Store:
    return Store(str(tmp_path))


def test_a_record_comes_back_under_its_time_and_hash(lake: Store) -> None:
    local = NOON.astimezone(timezone(timedelta(hours=-6)))
    key = write_record(lake, replace(MADE, time=local))
    assert re.fullmatch(r"decisions/20250430T120000\.000000Z-[0-9a-f]{8}\.json", key)
    assert read_record(lake, key) == MADE


def test_what_alerted_is_on_record_and_older_releases_read_all_others(lake: Store) -> None:
    made = replace(MADE, alerting=("mean-change", "check-failed"), on_drift=True)
    assert read_record(lake, write_record(lake, made)) == made
    key = write_record(lake, MADE)
    assert set(json.loads(lake.read(key))) == {
        "kind", "time", "reason", "origin", "lineage", "ruling", "before", "after",
    }  # fmt: skip


def test_writing_a_record_twice_writes_one(lake: Store) -> None:
    assert write_record(lake, MADE) == write_record(lake, MADE)
    assert len(lake.keys("decisions")) == 1


def test_a_changed_or_missing_record_is_refused(lake: Store) -> None:
    key = write_record(lake, MADE)
    lake.replace(key, lake.read(key).replace(b"wins", b"lost"))
    with pytest.raises(ObjectCorrupt, match="was changed"):
        read_record(lake, key)
    with pytest.raises(ObjectCorrupt, match="is missing"):
        read_record(lake, "decisions/none.json")


def test_the_newest_search_is_found_behind_other_kinds(lake: Store) -> None:
    assert newest_search(lake) is None
    kinds = [Kind.SEARCH, Kind.PANEL, Kind.REFRESH, Kind.PANEL, Kind.ROLLBACK, Kind.PROMOTE]
    for hour, kind in enumerate(kinds):
        write_record(lake, replace(MADE, kind=kind, time=NOON + timedelta(hours=hour)))
    found = newest_search(lake)
    assert found is not None
    assert (found.kind, found.time) == (Kind.REFRESH, NOON + timedelta(hours=2))
    assert [record.kind for _, record in newest_first(lake)] == kinds[::-1]


class Asked(Store):
    """A lake that notes how it was asked for objects."""

    def __init__(self, url: str) -> None:
        super().__init__(url)
        self.alone, self.together = 0, 0

    def read(self, key: str) -> bytes:
        self.alone += 1
        return super().read(key)

    def read_all(self, keys: Sequence[str]) -> list[bytes]:
        self.together += 1
        return [Store.read(self, key) for key in keys]


def test_records_are_asked_for_many_at_a_time_and_only_as_far_as_needed(tmp_path: Path) -> None:
    lake = Asked(str(tmp_path))
    hours = range(2 * AT_A_TIME + 1)
    for hour in hours:
        write_record(lake, replace(MADE, time=NOON + timedelta(hours=hour), kind=Kind.PANEL))
    found = newest_first(lake)
    times = [next(found)[1].time for _ in range(AT_A_TIME)]
    assert (lake.alone, lake.together) == (0, 1)
    times += [record.time for _, record in found]
    assert times == [NOON + timedelta(hours=hour) for hour in reversed(hours)]
    assert (lake.alone, lake.together) == (0, 3)


def test_time_never_runs_backwards_between_records(lake: Store) -> None:
    assert next_moment(lake, lambda: NOON) == NOON
    write_record(lake, MADE)
    for clock in (NOON, NOON - timedelta(days=1)):
        moment = next_moment(lake, lambda clock=clock: clock)  # type: ignore[misc] # bound now
        assert moment == NOON + timedelta(microseconds=1)
    later = NOON + timedelta(seconds=1)
    assert next_moment(lake, lambda: later) == later


def test_a_record_that_changes_nothing_leads_to_no_pointer() -> None:
    with pytest.raises(ObjectCorrupt):
        led_to("decisions/1.json", MADE)


def test_the_newest_records_are_read_at_once_and_verified(lake: Store) -> None:
    assert read_newest(lake, 5) == []
    made = [replace(MADE, time=NOON + timedelta(hours=hour)) for hour in range(4)]
    keys = [write_record(lake, one) for one in made]
    assert read_newest(lake, 3) == made[:0:-1]
    lake.replace(keys[-1], lake.read(keys[-1]).replace(b"wins", b"lost"))
    with pytest.raises(ObjectCorrupt, match="was changed"):
        read_newest(lake, 3)
