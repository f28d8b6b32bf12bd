"""What the tests of the infrastructure's scripts share."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.acceptance.infra_house import build


@pytest.fixture
def bare_house(tmp_path: Path) -> Path:
    """A repository with iac/ and the image's builder in it, and no tools."""
    return build(tmp_path)
