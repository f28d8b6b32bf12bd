"""What git tracks holds no state and no secret; detect-secrets, of .venv-iac, says so."""

from __future__ import annotations

import json
import re
import subprocess
import tomllib
from collections import defaultdict
from fnmatch import fnmatchcase
from pathlib import Path

import pytest

from canasta.settings import ROOT

SCANNER = ROOT / ".venv-iac" / "bin" / "detect-secrets"
ALLOWED = ROOT / "iac" / "secrets-allowed.toml"
NEVER = re.compile(
    r"(^|/)(\.terraform/|\.env$|id_[a-z0-9]+$|credentials$)"
    r"|\.(tfstate(\..*)?|tfplan|pem|key|p12|pfx|jks|keystore)$"
)
"""States, plans and keys have no place in a repository."""

pytestmark = pytest.mark.infra

A_SECRET = "AKIA" + "Z7Q2M4X9" + "WPLR3TNB"
"""Of the form of an AWS key, and nobody's; in parts, so that this file holds none."""


def tracked() -> list[str]:
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, check=True)
    return [name for name in listed.stdout.decode().split("\0") if name and (ROOT / name).is_file()]


def scan(folder: Path, names: list[str]) -> dict[str, set[str]]:
    """The kinds of secrets that the scanner suspects, by file."""
    done = subprocess.run(
        [SCANNER, "scan", "--no-verify", *names],
        cwd=folder, capture_output=True, text=True, timeout=300, check=True,
    )  # fmt: skip
    found: defaultdict[str, set[str]] = defaultdict(set)
    for name, suspicions in json.loads(done.stdout)["results"].items():
        found[name] |= {one["type"] for one in suspicions}
    return found


def allowances() -> list[tuple[str, str]]:
    """The files, * for anything, and what is allowed to be suspected in them."""
    listed = tomllib.loads(ALLOWED.read_text(encoding="utf-8"))["allowed"]
    bare = [one["files"] for one in listed if len(one["reason"]) < 20]
    assert bare == [], "say why"
    return [(name, one["kind"]) for one in listed for name in one["files"]]


def test_no_state_plan_or_key_is_tracked() -> None:
    assert [name for name in tracked() if NEVER.search(name)] == []


@pytest.mark.parametrize(
    "name", ["iac/terraform.tfstate", "iac/terraform.tfstate.backup", "iac/.terraform/x", ".env"]
)
def test_such_a_file_would_be_found(name: str) -> None:
    assert NEVER.search(name)


def test_no_secret_is_tracked_and_every_false_alarm_has_a_reason() -> None:
    known = allowances()
    found = [(name, kind) for name, kinds in scan(ROOT, tracked()).items() for kind in kinds]
    new = [one for one in found if not any(fits(one, allowed) for allowed in known)]
    assert new == [], f"Suspected secrets; if none is one, {ALLOWED.name} takes the reason"
    stale = [allowed for allowed in known if not any(fits(one, allowed) for one in found)]
    assert stale == [], f"{ALLOWED.name} allows what nobody suspects any more"


def fits(found: tuple[str, str], allowed: tuple[str, str]) -> bool:
    return fnmatchcase(found[0], allowed[0]) and found[1] == allowed[1]


def test_a_secret_would_be_found(tmp_path: Path) -> None:
    (tmp_path / "settings.py").write_text(f'ACCESS_KEY = "{A_SECRET}"\n', encoding="utf-8")
    assert "AWS Access Key" in scan(tmp_path, ["settings.py"])["settings.py"]
