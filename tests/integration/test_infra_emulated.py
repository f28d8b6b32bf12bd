"""`make infra-emulated` as a whole: an environment comes up, answers, and goes."""

from __future__ import annotations

import re
import subprocess

import pytest

from canasta.settings import ROOT

pytestmark = pytest.mark.slow


def test_staging_comes_up_answers_and_goes() -> None:
    done = subprocess.run(
        ["make", "infra-emulated"], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert re.search(r"POST /default/predict \(the next price\): \d+\.\d+ MXN", done.stdout)
    assert "second plan: no change" in done.stdout
    assert "Nothing is left running" in done.stdout
