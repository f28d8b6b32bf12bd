"""What a prediction imports: a start, in Lambda above all, waits for every module."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from canasta.commodity import Commodity
from canasta.forecast.outlook import Outlook
from canasta.forecast.panel import Panel
from canasta.registry.bundle import Bundle
from canasta.store import store_for
from tests.api_server import ROOT
from tests.panels import simulated_panel
from tests.promoted_lake import PromotedLake, quick_champion

SERIES = ("Jalisco", "Guadalajara", "Pasteurizada", "Autoservicios")

NEVER = {
    "evidently", "fsspec", "holidays", "hyperopt", "matplotlib", "mlflow", "openpyxl", "pandas",
    "prefect", "pyarrow", "s3fs", "shap", "sklearn", "xgboost",
}  # fmt: skip
ONLY_FOR_TREES = {"scipy", "treelite"}
ONLY_FOR_S3 = {"boto3", "botocore"}

PREDICT = """
import json, sys
from canasta.commodity import load_traits
from canasta.settings import Settings
from deployment.app.application import create_app
from deployment.app.lake import open_lake
from deployment.app.serving import Serving

place, asked = sys.argv[1], json.loads(sys.argv[2])
serving = Serving(open_lake(place), load_traits("milk"))
serving.refresh()
client = create_app(Settings(auth="open"), serving).test_client()

def imported(body):
    answer = client.post("/predict", json=body)
    assert answer.status_code == 200, answer.text
    return sorted({name.partition(".")[0] for name in sys.modules})

print(json.dumps([imported(body) for body in asked]))
"""


@pytest.fixture(scope="module")
def promoted(milk: Commodity) -> tuple[Panel, Bundle, Outlook]:
    """A small model on simulated prices, and its forecasts."""
    history = simulated_panel(milk, 70)
    return history, *quick_champion(history)


@pytest.fixture(params=["folder", "bucket"])
def place(
    request: pytest.FixtureRequest, tmp_path: Path, promoted: tuple[Panel, Bundle, Outlook]
) -> str:
    url: str = str(tmp_path)
    if request.param == "bucket":
        url = request.getfixturevalue("s3_url")
    history, champion, outlook = promoted
    PromotedLake(store_for(url)).promote(1, champion, history, outlook)
    return url


def test_prediction_imports_nothing_that_it_does_not_need(place: str, milk: Commodity) -> None:
    named = dict(zip(milk.keys.columns, SERIES, strict=True))
    bodies = [named, {**named, "Precio_lag1": 25.0}]
    ran = subprocess.run(
        [sys.executable, "-c", PREDICT, place, json.dumps(bodies)],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert ran.returncode == 0, ran.stderr
    plain, what_if = (set(names) for names in json.loads(ran.stdout.splitlines()[-1]))
    wanted = ONLY_FOR_S3 if place.startswith("s3://") else set()
    assert plain & (NEVER | ONLY_FOR_TREES | ONLY_FOR_S3) == wanted
    assert what_if & (NEVER | ONLY_FOR_TREES) == ONLY_FOR_TREES
