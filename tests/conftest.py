"""What every room's tests share."""

import os
from collections.abc import Iterator
from pathlib import Path
from uuid import uuid4

import pytest
from hypothesis import settings

from canasta.commodity import Commodity, load_commodity
from tests.s3_server import BUCKET, S3Server, s3_server

# Cores are shared, on a desk as in CI: an example that waits for one is not a slow example.
settings.register_profile("shared-cores", deadline=None)
settings.load_profile("shared-cores")


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


@pytest.fixture(scope="session")
def s3(tmp_path_factory: pytest.TempPathFactory) -> Iterator[S3Server]:
    """A real S3 server that checks credentials. Leave it running."""
    with s3_server(tmp_path_factory.mktemp("s3") / "server") as server:
        yield server


@pytest.fixture
def s3_url(s3: S3Server, monkeypatch: pytest.MonkeyPatch) -> str:
    """The URL of an empty place on it, and the environment of who may use it."""
    for name, value in s3.variables.items():
        monkeypatch.setenv(name, value)
    return f"s3://{BUCKET}/{uuid4().hex}/lake"
