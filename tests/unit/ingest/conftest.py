from pathlib import Path

import pytest

from canasta.commodity import Commodity
from canasta.ingest.block import Block
from tests.unit.ingest.builders import publications
from tests.unit.ingest.desk import Desk


@pytest.fixture
def desk(tmp_path: Path, milk: Commodity) -> Desk:
    return Desk(tmp_path, milk)


@pytest.fixture
def five(milk: Commodity) -> list[Block]:
    return publications(5, milk)
