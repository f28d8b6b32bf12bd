from datetime import date

import pytest

from canasta.commodity import Commodity
from canasta.ingest.block import Block
from simulate_publication import simulate


@pytest.fixture(scope="session")
def month(milk: Commodity) -> list[Block]:
    return simulate(milk, seed=3, until=date(2024, 2, 7))
