import json
import re
import tomllib
from typing import Any
from urllib.parse import urlparse

import pytest

from canasta.settings import ROOT

PIPFILE: dict[str, Any] = tomllib.loads((ROOT / "Pipfile").read_text(encoding="utf-8"))
LOCK: dict[str, Any] = json.loads((ROOT / "Pipfile.lock").read_text(encoding="utf-8"))
REASONS = ROOT / "docs" / "decisions" / "0002-dependencies.md"
SECTIONS = [("packages", "default"), ("dev-packages", "develop")]


@pytest.mark.parametrize(("section", "locked"), SECTIONS)
def test_every_direct_dependency_is_pinned_as_locked(section: str, locked: str) -> None:
    pins = PIPFILE[section]
    assert pins == {name: LOCK[locked][name]["version"] for name in pins}
    assert all(pin.startswith("==") for pin in pins.values())


def test_every_package_is_locked_by_hash() -> None:
    for _, locked in SECTIONS:
        assert [name for name, entry in LOCK[locked].items() if not entry.get("hashes")] == []


def test_packages_come_from_pypi_alone() -> None:
    sources = [*PIPFILE["source"], *LOCK["_meta"]["sources"]]
    assert {urlparse(source["url"]).hostname for source in sources} == {"pypi.org"}
    assert {source["verify_ssl"] for source in sources} == {True}


def test_each_dependency_has_its_reason() -> None:
    rows = re.findall(
        r"^\| ([a-z][a-z0-9, -]+) \| \S", REASONS.read_text(encoding="utf-8"), re.MULTILINE
    )
    explained = [name for row in rows for name in row.split(", ") if row != "package"]
    assert sorted(explained) == sorted([*PIPFILE["packages"], *PIPFILE["dev-packages"]])
