"""The catalogue, and the content ways as edits; what Canasta makes of all of them is tested in
tests/integration/test_hostile_publications.py."""

from dataclasses import replace
from datetime import date

import pytest

from canasta.commodity import Commodity
from canasta.errors import SimulationError
from canasta.ingest.block import Block
from canasta.ingest.workbook import parse
from simulate_publication import render
from simulate_publication.hostile_content import Edition, edited, year_in_the_past
from simulate_publication.layout import SIMULATION, SNIIM, Layout
from simulate_publication.misbehaviour import (
    CATALOGUE,
    WAYS,
    ContentWay,
    listing,
    way_named,
)

CONTENT = [way for way in WAYS if isinstance(way, ContentWay)]


def test_names_are_told_apart_and_explained() -> None:
    assert len(CATALOGUE) == len(WAYS)
    said = listing()
    assert all(way.name in said and way.comes in said and way.outcome in said for way in WAYS)


def test_an_unknown_name_lists_the_known_ones() -> None:
    with pytest.raises(SimulationError, match=r"'bad'.*html-page, .*changed-past-price\.") as no:
        way_named("bad")
    assert all(name in str(no.value) for name in CATALOGUE)
    assert way_named("stall") is CATALOGUE["stall"]


@pytest.mark.parametrize("way", CONTENT, ids=lambda way: way.name)
@pytest.mark.parametrize("layout", [SNIIM, SIMULATION])
def test_workbooks_that_say_they_are_simulated_say_so_still(
    way: ContentWay, layout: Layout, month: list[Block], milk: Commodity
) -> None:
    days = (date(2024, 9, 2), date(2024, 9, 4))
    september = [replace(b, date=day) for b, day in zip(month[-2:], days, strict=True)]
    good = render(september, milk, layout=layout)
    bad = edited(good, milk, way.edit)
    assert bad != good
    assert parse(bad, milk).simulated == (layout is SIMULATION)
    assert edited(good, milk, way.edit) == bad


@pytest.mark.parametrize("way", CONTENT, ids=lambda way: way.name)
def test_only_the_newest_block_or_a_named_one_is_touched(
    way: ContentWay, month: list[Block], milk: Commodity
) -> None:
    edition = Edition(milk, tuple(month), SIMULATION)
    after = way.edit(edition)
    kept = month[:-2] if way.name == "changed-past-price" else month[:-1]
    assert list(after.blocks[: len(kept)]) == kept
    assert (after.blocks, after.layout) != (edition.blocks, edition.layout)


def test_one_publication_is_too_few(month: list[Block], milk: Commodity) -> None:
    with pytest.raises(SimulationError, match="two publications"):
        edited(render(month[:1], milk), milk, year_in_the_past)


def test_a_leap_day_is_mistyped_too(month: list[Block], milk: Commodity) -> None:
    leap = replace(month[-1], date=date(2024, 2, 29))
    after = year_in_the_past(Edition(milk, (month[0], leap), SNIIM))
    assert after.newest.date == date(2014, 2, 28)
