"""Reigns and bans, read from decision records alone."""

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from canasta.forecast.recipe import PERSISTENCE, RANDOM_FOREST, XGBOOST, Recipe
from canasta.registry.decisions import Kind, Record, led_to, newest_first, write_record
from canasta.registry.objects import ObjectRef
from canasta.registry.pointer import Pointer, Title
from canasta.registry.tenure import banned, tenure_of
from canasta.store import Store
from tests.unit.registry.builders import CALENDAR, LINEAGE, RECIPES

NOON = datetime(2025, 4, 30, 12, 0, tzinfo=UTC)
FOREST, TREES, LAST = RECIPES[RANDOM_FOREST], RECIPES[XGBOOST], RECIPES[PERSISTENCE]
GROUNDS: dict[str, Any] = {"evidence": {}, "margins": {}, "decision": {}}
BAN = 5


def publication(number: int) -> date:
    """The date of the publication of that number."""
    days = CALENDAR.expected_after(date(2025, 1, 31))
    return [next(days) for _ in range(number + 1)][-1]


@dataclass
class Log:
    """Decisions on the publications 0, 1, …, written one after the other."""

    lake: Store
    live: dict[str, Any] | None = None
    minute: int = field(default=0)

    def write(
        self,
        number: int,
        kind: Kind,
        recipe: Recipe,
        version: int,
        ruling: Mapping[str, Any] | None = None,
    ) -> None:
        self.minute += 1
        when, origin = NOON + timedelta(minutes=self.minute), publication(number)
        after = _pointer(recipe, version, origin)
        record = Record(kind, when, "", origin, LINEAGE, ruling, self.live, after)
        self.live = {**after, "decision": write_record(self.lake, record)}

    def kept(self, number: int) -> None:
        """A search that changed nothing."""
        self.minute += 1
        when, origin = NOON + timedelta(minutes=self.minute), publication(number)
        write_record(
            self.lake, Record(Kind.SEARCH, when, "", origin, LINEAGE, GROUNDS, self.live, None)
        )

    @property
    def champion(self) -> Pointer:
        key, record = next((k, r) for k, r in newest_first(self.lake) if r.after is not None)
        return led_to(key, record)


def _pointer(recipe: Recipe, version: int, origin: date) -> dict[str, Any]:
    bundle = ObjectRef(f"bundles/{version}/manifest.json", "b" * 64)
    title = Title("milk", version, "run", "file:///", math.nan, recipe, bundle)
    panel = ObjectRef(f"panels/{origin}.npz", "p" * 64)
    made = Pointer(title, NOON.isoformat(), panel, origin, None, None, "").as_dict()
    del made["decision"]
    return made


@pytest.fixture
def log(tmp_path: Path) -> Log:
    return Log(Store(str(tmp_path)))


def test_a_reign_begins_when_another_recipe_held_the_title_before(log: Log) -> None:
    log.write(0, Kind.SEARCH, TREES, 1)
    log.write(1, Kind.PANEL, TREES, 1)
    log.write(2, Kind.SEARCH, FOREST, 2)
    log.write(3, Kind.PANEL, FOREST, 2)
    log.kept(3)
    log.write(4, Kind.REFRESH, FOREST, 5)
    log.write(5, Kind.PANEL, FOREST, 5)
    found = tenure_of(log.lake, log.champion, publication(0))
    assert (found.recipe, found.since, found.versions) == (
        FOREST,
        publication(2),
        frozenset({2, 5}),
    )


def test_a_reign_is_looked_back_at_no_farther_than_asked(log: Log) -> None:
    log.write(0, Kind.SEARCH, TREES, 1)
    for number in range(1, 9):
        log.write(number, Kind.REFRESH, TREES, number + 1)
    found = tenure_of(log.lake, log.champion, publication(6))
    assert (found.since, found.versions) == (publication(6), frozenset({7, 8, 9}))


def test_who_came_back_begins_anew(log: Log) -> None:
    log.write(0, Kind.SEARCH, TREES, 1)
    log.write(3, Kind.SEARCH, FOREST, 2)
    log.write(6, Kind.ROLLBACK, TREES, 1, GROUNDS)
    found = tenure_of(log.lake, log.champion, publication(0))
    assert (found.since, found.versions) == (publication(6), frozenset({1}))


def bans(log: Log, newest: int) -> dict[str, int]:
    return banned(log.lake, [publication(number) for number in range(newest + 1)], BAN)


def test_a_recipe_that_outcomes_took_the_title_from_is_banned_for_so_many_publications(
    log: Log,
) -> None:
    log.write(0, Kind.SEARCH, LAST, 1)
    log.write(1, Kind.SEARCH, TREES, 2)
    log.write(2, Kind.ROLLBACK, LAST, 1, GROUNDS)
    log.write(3, Kind.PANEL, LAST, 1)
    log.kept(4)
    left = [bans(log, newest).get(TREES.id, 0) for newest in range(2, 9)]
    assert left == [5, 4, 3, 2, 1, 0, 0]
    assert all(set(bans(log, newest)) <= {TREES.id} for newest in range(2, 9))


def test_what_a_person_rolls_back_is_not_banned(log: Log) -> None:
    log.write(0, Kind.SEARCH, FOREST, 1)
    log.write(1, Kind.SEARCH, TREES, 2)
    log.write(2, Kind.ROLLBACK, FOREST, 1)
    assert bans(log, 2) == {}


def test_a_promotion_by_hand_lifts_the_ban_until_it_fails_again(log: Log) -> None:
    log.write(0, Kind.SEARCH, LAST, 1)
    log.write(1, Kind.SEARCH, TREES, 2)
    log.write(2, Kind.ROLLBACK, LAST, 1, GROUNDS)
    log.write(3, Kind.PROMOTE, TREES, 2)
    assert bans(log, 3) == {}
    log.write(4, Kind.ROLLBACK, LAST, 1, GROUNDS)
    assert bans(log, 4) == {TREES.id: BAN}


def test_several_may_be_banned_at_once(log: Log) -> None:
    log.write(0, Kind.SEARCH, LAST, 1)
    log.write(1, Kind.SEARCH, TREES, 2)
    log.write(1, Kind.SEARCH, FOREST, 3)
    log.write(2, Kind.ROLLBACK, TREES, 2, GROUNDS)
    log.write(4, Kind.ROLLBACK, LAST, 1, GROUNDS)
    assert bans(log, 5) == {FOREST.id: 2, TREES.id: 4}


def test_without_decisions_nothing_is_banned(log: Log) -> None:
    assert bans(log, 3) == {}
