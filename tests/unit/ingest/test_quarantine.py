from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest

from canasta.commodity import Commodity
from canasta.ingest.quality import Finding
from canasta.ingest.quarantine import (
    Quarantine,
    Quarantined,
    from_block,
    from_broken,
    is_acceptable,
    is_confirmable,
)
from canasta.ingest.workbook import BrokenBlock
from canasta.store import store_for
from tests.unit.ingest.builders import KEYS, changed, days, publications

REASONS = (Finding("stale", "every quoted price repeats the publication before"),)
FIRST, SECOND, THIRD, FOURTH = days(4)

LAST = date(2030, 1, 1)


@pytest.fixture
def quarantine(tmp_path: Path) -> Quarantine:
    return Quarantine(store_for(str(tmp_path)))


@pytest.fixture
def held(milk: Commodity) -> Quarantined:
    return from_block(publications(1, milk)[0], SECOND, REASONS)


def test_a_block_is_read_as_it_was_kept(
    quarantine: Quarantine, held: Quarantined, milk: Commodity
) -> None:
    zero = changed(publications(1, milk)[0], {KEYS[0]: 0.0, KEYS[1]: None, KEYS[2]: 274.0}, milk)
    other = from_block(zero, THIRD, REASONS)
    assert quarantine.add(held, SECOND)
    assert quarantine.add(other, THIRD)
    assert quarantine.of(FIRST) == [held, other]
    assert quarantine.of(SECOND) == []


def test_blocks_with_the_same_prices_are_the_same(held: Quarantined, milk: Commodity) -> None:
    stated = publications(1, milk)[0]
    assert from_block(stated, FOURTH, ()).sha256 == held.sha256
    moved = changed(stated, {KEYS[0]: 21.0}, milk)
    assert from_block(moved, SECOND, REASONS).sha256 != held.sha256


def test_only_later_files_confirm_and_each_once(quarantine: Quarantine, held: Quarantined) -> None:
    seen = []
    for day in (SECOND, SECOND, FIRST, THIRD, THIRD, FOURTH):
        quarantine.add(held, day)
        seen.append(quarantine.released(held, 2, LAST))
    assert seen == [False, False, False, False, False, True]


def test_another_block_of_the_date_confirms_nothing(
    quarantine: Quarantine, held: Quarantined, milk: Commodity
) -> None:
    other = from_block(changed(publications(1, milk)[0], {KEYS[0]: 21.0}, milk), SECOND, REASONS)
    quarantine.add(held, SECOND)
    for day in (SECOND, THIRD, FOURTH):
        quarantine.add(other, day)
    assert not quarantine.released(held, 2, LAST)
    quarantine.accept(held)
    assert quarantine.released(held, 2, LAST)


def test_an_unreadable_block_is_never_released(quarantine: Quarantine) -> None:
    broken = from_broken(BrokenBlock(FIRST, "no header row", "ab" * 32), FIRST)
    for day in (FIRST, SECOND, THIRD, FOURTH):
        quarantine.add(broken, day)
    quarantine.accept(broken)
    assert not quarantine.released(broken, 2, LAST)


def test_stated_is_what_a_file_of_those_days_held(
    quarantine: Quarantine, held: Quarantined
) -> None:
    broken = from_broken(BrokenBlock(None, "no date", "ab" * 32), FIRST)
    quarantine.add(broken, FIRST)
    for day in (SECOND, THIRD):
        quarantine.add(held, day)
    quarantine.add(broken, FOURTH)
    quarantine.accept(held)
    found = {
        (since, seen): quarantine.stated(since, seen)
        for since, seen in (
            (date.min, FIRST), (SECOND, SECOND), (THIRD, THIRD), (THIRD, FOURTH), (FOURTH, LAST)
        )
    }  # fmt: skip
    assert found == {
        (date.min, FIRST): [broken],
        (SECOND, SECOND): [held],
        (THIRD, THIRD): [held],
        (THIRD, FOURTH): [broken, held],
        (FOURTH, LAST): [broken],
    }


def test_what_lets_a_block_in_hangs_on_its_reasons_and_its_prices(
    held: Quarantined, milk: Commodity
) -> None:
    far = replace(held, reasons=(*REASONS, Finding("isolated-date", "far off")))
    absurd = replace(held, prices=dict.fromkeys(KEYS, 500.0))
    broken = from_broken(BrokenBlock(FIRST, "no header row", "ab" * 32), SECOND)
    every = (held, far, absurd, broken, replace(held, block_date=None))
    assert [is_confirmable(block) for block in every] == [True, False, True, False, True]
    assert [is_acceptable(block, milk) for block in every] == [True, True, False, False, False]


def test_blocks_without_a_date_are_kept_apart(quarantine: Quarantine, tmp_path: Path) -> None:
    broken = from_broken(BrokenBlock(None, "no date", "ab" * 32), SECOND)
    assert quarantine.add(broken, SECOND)
    assert not quarantine.add(broken, FOURTH)
    assert quarantine.all() == [broken]
    folder = tmp_path / "quarantine" / "undated"
    names = [f"{'ab' * 32}-repeated-{FOURTH}.json", f"{'ab' * 32}.json"]
    assert sorted(folder.iterdir()) == [folder / name for name in names]
    assert broken.reasons == (Finding("layout", "no date"),)
    assert date.fromisoformat("2025-06-04") == broken.first_seen
