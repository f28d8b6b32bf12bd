"""The bill in iac/README.md is the one that iac/costs.py prints."""

from __future__ import annotations

import subprocess
import sys

from canasta.settings import ROOT


def test_the_readme_shows_what_the_command_prints() -> None:
    done = subprocess.run(
        [sys.executable, ROOT / "iac" / "costs.py"], capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() in (ROOT / "iac" / "README.md").read_text(encoding="utf-8")
