import math
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from canasta.errors import NoChampion
from canasta.forecast.recipe import XGBOOST
from canasta.registry.decisions import Kind, Record, write_record
from canasta.registry.objects import ObjectRef
from canasta.registry.past import champion_then
from canasta.registry.pointer import Pointer, Title
from canasta.store import Store
from tests.unit.registry.builders import LINEAGE, RECIPES

NOON = datetime(2025, 4, 30, 12, 0, tzinfo=UTC)
MONDAY, WEDNESDAY, FRIDAY = date(2025, 4, 28), date(2025, 4, 30), date(2025, 5, 2)


@pytest.fixture
def lake(tmp_path: Path) -> Store:
    return Store(str(tmp_path))


def pointer(version: int, origin: date) -> dict[str, Any]:
    bundle = ObjectRef(f"bundles/{version}/manifest.json", "b" * 64)
    title = Title("milk", version, "run", "file:///", math.nan, RECIPES[XGBOOST], bundle)
    panel = ObjectRef(f"panels/{origin}.npz", "p" * 64)
    made = Pointer(title, NOON.isoformat(), panel, origin, None, None, "").as_dict()
    del made["decision"]
    return made


def decide(lake: Store, minute: int, origin: date, version: int | None) -> str:
    """Write a decision of a minute past noon; without a version it leads nowhere."""
    after = None if version is None else pointer(version, origin)
    when = NOON + timedelta(minutes=minute)
    kind = Kind.SEARCH if version is None else Kind.PROMOTE
    return write_record(lake, Record(kind, when, "", origin, LINEAGE, None, None, after))


def test_the_champion_is_the_one_of_the_newest_decision_that_knew_nothing_later(
    lake: Store,
) -> None:
    decide(lake, 0, MONDAY, 1)
    key = decide(lake, 1, WEDNESDAY, 2)
    decide(lake, 2, WEDNESDAY, None)
    decide(lake, 3, FRIDAY, 3)
    then = {
        day: champion_then(lake, day).title.version
        for day in (MONDAY, MONDAY + timedelta(days=1), WEDNESDAY, FRIDAY, date(2025, 12, 1))
    }
    assert list(then.values()) == [1, 1, 2, 3, 3]
    assert champion_then(lake, WEDNESDAY).decision == key


def test_who_took_the_title_back_on_the_same_publication_held_it_then(lake: Store) -> None:
    for minute, version in enumerate((1, 2, 1)):
        decide(lake, minute, WEDNESDAY, version)
    assert champion_then(lake, WEDNESDAY).title.version == 1


def test_before_the_first_promotion_there_was_nobody(lake: Store) -> None:
    decide(lake, 0, WEDNESDAY, 1)
    decide(lake, 1, FRIDAY, 2)
    with pytest.raises(NoChampion, match=r"on 2025-04-28: .*the publication of 2025-04-30\..*back"):
        champion_then(lake, MONDAY)


def test_without_any_promotion_there_never_was_one(lake: Store) -> None:
    decide(lake, 0, MONDAY, None)
    with pytest.raises(NoChampion, match="Nothing was ever promoted"):
        champion_then(lake, FRIDAY)
