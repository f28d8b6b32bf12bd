"""The event that iac/deliver sends to a version, and what the handler makes of it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from hashlib import sha256
from typing import Any

import pytest

from canasta.settings import ROOT, Settings
from deployment.app.live import Live
from deployment.aws_lambda.handler import make_handler
from tests.unit.deployment import serve

KEY = "4" * 64


def event(key: str) -> dict[str, Any]:
    variables = {**os.environ, "SMOKE_API_KEY": key}
    variables.pop("SMOKE_REQUEST", None)
    done = subprocess.run(
        [sys.executable, ROOT / "iac" / "event.py"], env=variables, capture_output=True, check=True
    )
    sent: dict[str, Any] = json.loads(done.stdout)
    return sent


@pytest.mark.parametrize(("key", "code"), [(KEY, 200), ("another", 401)])
def test_the_handler_answers_it_as_it_answers_the_api(live: Live, key: str, code: int) -> None:
    settings = Settings(auth="key", api_key_hashes=(sha256(KEY.encode()).hexdigest(),))
    app = serve.client(live, settings).application
    answer = make_handler(app, lambda: None)(event(key), None)
    assert answer["statusCode"] == code, answer["body"]
    assert not answer["isBase64Encoded"], "iac/deliver reads it as text"
    assert ("predicted_price" in json.loads(answer["body"])) == (code == 200)
