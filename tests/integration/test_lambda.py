"""The function under AWS's own runtime: the interface client, and the emulator that drives it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from canasta.commodity import Commodity, load_traits
from canasta.settings import ROOT, Settings
from canasta.store import store_for
from deployment.app.application import create_app
from deployment.app.lake import open_lake
from deployment.app.serving import Serving
from tests.panels import simulated_panel
from tests.promoted_lake import PromotedLake, quick_champion

PYTHON = ROOT / ".venv-lambda" / "bin" / "python"
TASK = ROOT / ".venv-lambda" / "task"
EVENTS = ROOT / "deployment" / "aws_lambda" / "events"
MAX_MB = 200
HEAVY = {"mlflow", "pandas", "sklearn", "xgboost", "s3fs", "prefect", "pyarrow", "evidently"}

FIRST_PREDICTION = """
import json, sys
from deployment.aws_lambda import function
event = json.loads(sys.argv[1])
answer = function.handler(event, None)
assert answer["statusCode"] == 200, answer
modules = sorted({name.partition(".")[0] for name in sys.modules})
print(json.dumps({"body": json.loads(answer["body"]), "modules": modules}))
"""


def fill(lake: str, milk: Commodity) -> None:
    panel = simulated_panel(milk, 90)
    made, outlook = quick_champion(panel)
    PromotedLake(store_for(lake)).promote(3, made, panel, outlook)


@pytest.fixture(scope="module")
def lake(milk: Commodity, tmp_path_factory: pytest.TempPathFactory) -> str:
    folder = str(tmp_path_factory.mktemp("lambda") / "lake")
    fill(folder, milk)
    return folder


@pytest.fixture(scope="module", autouse=True)
def _installed() -> None:
    assert PYTHON.exists(), ".venv-lambda is missing; `make lambda` or `make test` installs it"


def emulate(lake: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    return run(lake, "-m", "deployment.aws_lambda.emulate", *arguments)


def run(
    lake: str, *arguments: str, python: Path = PYTHON, **variables: str
) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "PYTHONPATH": str(TASK), "LAKE_URL": lake, **variables}
    return subprocess.run(
        [python, *arguments],
        cwd=ROOT,
        env=environment,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def told(output: str) -> dict[str, Any]:
    """The answers that `make lambda` printed, by event; all of them 200."""
    lines = output.splitlines()
    return {
        line.removesuffix(": 200"): json.loads(lines[at + 1])
        for at, line in enumerate(lines)
        if line.endswith(".json: 200")
    }


def in_process(lake: str, content: Any) -> Any:
    serving = Serving(open_lake(lake), load_traits("milk"))
    serving.refresh()
    app = create_app(Settings(auth="open"), serving, operated=False)
    answer = app.test_client().post("/predict", json=content)
    assert answer.status_code == 200
    return answer.json


def plain_event() -> str:
    event = json.loads((EVENTS / "predict.json").read_text(encoding="utf-8"))
    asked = json.loads(event["body"])
    series = {name: asked[name] for name in ("Estado", "Ciudad", "Tipo", "Canal")}
    return json.dumps({**event, "body": json.dumps(series)})


def test_the_earlier_systems_request_is_answered_with_and_without_the_stage(lake: str) -> None:
    done = emulate(lake)
    assert done.returncode == 0, done.stderr
    answers = told(done.stdout)
    assert sorted(answers) == ["predict-stage.json", "predict.json"]
    event = json.loads((EVENTS / "predict.json").read_text(encoding="utf-8"))
    expected = in_process(lake, json.loads(event["body"]))
    assert expected["what_if"] is True
    assert any("Autoservicios" in warning for warning in expected["warnings"])
    assert answers == dict.fromkeys(answers, expected)
    assert "Init " in done.stdout
    assert "nan" not in done.stdout


def test_an_event_of_ones_own_is_answered(lake: str, tmp_path: Path) -> None:
    file = tmp_path / "plain.json"
    file.write_text(plain_event(), encoding="utf-8")
    done = emulate(lake, str(file))
    assert done.returncode == 0, done.stderr
    answer = told(done.stdout)["plain.json"]
    assert answer["what_if"] is False
    assert answer["horizonte"] == 1


def test_the_lake_may_lie_on_s3_with_what_the_base_image_brings(
    s3_url: str, milk: Commodity
) -> None:
    fill(s3_url, milk)
    done = emulate(s3_url)
    assert done.returncode == 0, done.stderr
    assert len(told(done.stdout)) == 2


def test_without_a_champion_it_says_what_is_missing(tmp_path: Path) -> None:
    (tmp_path / "lake").mkdir()
    done = emulate(str(tmp_path / "lake"))
    assert done.returncode == 1
    assert "predict-stage.json: 503" in done.stdout
    assert "make daily" in done.stderr


def test_a_setting_that_is_wrong_is_told(lake: str) -> None:
    done = run(lake, "-m", "deployment.aws_lambda.emulate", PORT="none")
    assert done.returncode == 1
    assert "PORT" in done.stderr


def test_a_function_without_a_key_that_may_ask_does_not_start(lake: str) -> None:
    done = run(lake, "-c", FIRST_PREDICTION, plain_event(), AUTH="key")
    assert done.returncode != 0
    assert "AUTH=key needs API_KEY_HASHES" in done.stderr


def test_a_prediction_imports_nothing_heavy(lake: str) -> None:
    # By the interpreter in whose environment all of it could be imported.
    event = (EVENTS / "predict.json").read_text(encoding="utf-8")
    done = run(lake, "-c", FIRST_PREDICTION, event, python=Path(sys.executable), AUTH="open")
    assert done.returncode == 0, done.stderr
    modules = set(json.loads(done.stdout.splitlines()[-1])["modules"])
    assert "treelite" in modules
    assert modules & HEAVY == set()


def test_a_plain_prediction_does_without_the_trees(lake: str) -> None:
    done = run(lake, "-c", FIRST_PREDICTION, plain_event(), AUTH="open")
    assert done.returncode == 0, done.stderr
    modules = set(json.loads(done.stdout.splitlines()[-1])["modules"])
    assert modules & {"treelite", "scipy", "boto3", "prometheus_client", "flask_limiter"} == set()


def test_the_functions_packages_leave_room_in_the_image() -> None:
    held = sum(path.stat().st_size for path in TASK.rglob("*") if path.is_file())
    assert held < MAX_MB * 1e6
