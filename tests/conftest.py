"""What every room's tests share."""

import os
from pathlib import Path

import pytest

from canasta.commodity import Commodity, load_commodity


@pytest.fixture(scope="session")
def milk() -> Commodity:
    """Milk, as its file in commodities/ describes it."""
    return load_commodity("milk")


@pytest.fixture(scope="session")
def real_data_dir() -> Path:
    """The folder of real prices that REAL_DATA_DIR names; skips where it is unset."""
    named = os.environ.get("REAL_DATA_DIR")
    if not named:
        pytest.skip("REAL_DATA_DIR is unset: it names the folder that holds sniim-milk/")
    return Path(named)
