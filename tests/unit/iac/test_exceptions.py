"""What checkov is told to pass over stands in the code, with its reason."""

from __future__ import annotations

import re

from canasta.settings import ROOT

SKIP = re.compile(r"checkov:skip=(?P<check>[A-Z0-9_]+)(:\s*(?P<reason>.+))?")
IAC = ROOT / "iac"


def test_every_exception_gives_a_reason() -> None:
    found = [
        (file.name, match)
        for file in IAC.rglob("*.tf")
        for match in SKIP.finditer(file.read_text(encoding="utf-8"))
    ]
    assert found
    bare = [(name, one["check"]) for name, one in found if len(one["reason"] or "") < 30]
    assert bare == []


def test_nothing_is_passed_over_elsewhere() -> None:
    assert not list(IAC.rglob(".checkov.y*ml"))
    assert "--skip-check" not in (IAC / "validate").read_text(encoding="utf-8")
    assert "--soft-fail" not in (IAC / "validate").read_text(encoding="utf-8")
