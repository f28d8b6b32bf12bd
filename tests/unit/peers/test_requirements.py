"""The peers' environment is pinned and hashed, from no other place than PyPI."""

import re

from canasta.settings import ROOT

FOLDER = ROOT / "tests" / "peers"
LOCK = (FOLDER / "requirements.txt").read_text(encoding="utf-8")
PIN = re.compile(r"^([a-z0-9._-]+)==(\S+)", re.MULTILINE)


def test_every_package_has_a_version_and_hashes() -> None:
    blocks = re.split(r"^(?=[a-z])", LOCK, flags=re.MULTILINE)[1:]
    assert len(blocks) > 30
    assert [
        block for block in blocks if not PIN.match(block) or "--hash=sha256:" not in block
    ] == []


def test_no_host_is_named() -> None:
    options = re.findall(r"--\w[\w-]*", LOCK)
    assert set(options) == {"--hash"}
    assert "://" not in LOCK


def test_direct_dependencies_are_locked_as_pinned() -> None:
    direct = PIN.findall((FOLDER / "requirements.in").read_text(encoding="utf-8"))
    assert set(direct) <= set(PIN.findall(LOCK))
    assert {"mlforecast", "statsforecast", "lightgbm"} <= {name for name, _ in direct}
