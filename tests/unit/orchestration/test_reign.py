"""The champion's reign is worked out several times a run; its outcomes are read once."""

import shutil
from collections.abc import Sequence
from datetime import date
from pathlib import Path

import pytest

from canasta.commodity import Commodity
from canasta.errors import ObjectCorrupt
from canasta.ingest.block import Block
from canasta.monitor.outcomes import outcomes_key
from orchestration.reign import newest_outcomes
from orchestration.workspace import Workspace, reading
from simulate_publication import simulate
from tests.published_lake import PublishedLake


@pytest.fixture(scope="module")
def blocks(milk: Commodity) -> Sequence[Block]:
    return simulate(milk, 3, date(2024, 7, 1))[:24]


@pytest.fixture
def house(tmp_path: Path, milk: Commodity, blocks: Sequence[Block]) -> PublishedLake:
    """Three publications of it are scored."""
    house = PublishedLake(tmp_path / "lake", milk)
    house.come(*blocks[:19])
    house.live(blocks[19:23], lambda _: 1)
    return house


@pytest.fixture
def work(house: PublishedLake, monkeypatch: pytest.MonkeyPatch) -> Workspace:
    monkeypatch.setenv("LAKE_URL", str(house.folder))
    return reading()


def test_outcomes_are_read_once_until_a_publication_is_scored(
    house: PublishedLake, work: Workspace, blocks: Sequence[Block]
) -> None:
    found = newest_outcomes(work)
    assert found["target"].nunique() == 3
    aside = house.folder.parent / "aside"
    first = house.folder / outcomes_key(blocks[20].date)
    shutil.copy(first, aside)
    first.write_bytes(b"nobody reads it again")
    assert newest_outcomes(work) is found
    with pytest.raises(ObjectCorrupt, match="no readable file of outcomes"):
        newest_outcomes(reading())  # another run does

    shutil.copy(aside, first)
    house.come(blocks[23])
    house.score(blocks[23].date)
    assert newest_outcomes(work)["target"].nunique() == 4
