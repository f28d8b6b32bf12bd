"""What Prometheus reads."""

import os
import subprocess
import sys

import pytest
from flask import Flask
from prometheus_client.parser import text_string_to_metric_families

from canasta.settings import ROOT, Settings
from deployment.app.application import create_app
from deployment.app.live import Live
from deployment.app.serving import Outcome
from tests.unit.deployment import serve


def scraped(app: Flask) -> dict[tuple[str, ...], float]:
    """Samples by their name and the values of their labels."""
    text = app.test_client().get("/metrics").text
    return {
        (sample.name, *sample.labels.values()): sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
    }


def test_answers_are_counted_by_endpoint_method_and_status(live: Live) -> None:
    app = create_app(Settings(auth="open"), serve.FixedServing(live))
    client = app.test_client()
    for _ in range(3):
        client.get("/health")
    client.post("/predict", json={})
    for path in ("/x", "/y"):
        client.open(path, method="FOO")
    found = scraped(app)
    assert found["canasta_answers_total", "health", "GET", "200"] == 3
    assert found["canasta_answers_total", "predict", "POST", "422"] == 1
    assert found["canasta_answers_total", "none", "none", "404"] == 2
    assert found["canasta_latency_seconds_count", "health"] == 3
    assert found["canasta_latency_seconds_bucket", "health", "+Inf"] == 3


def test_version_age_and_state_are_told(live: Live) -> None:
    serving = serve.FixedServing(live)
    late = create_app(Settings(auth="open"), serving, serve.noon(live.targets[1]))
    found = scraped(late)
    assert found["canasta_ready",] == 1
    assert found["canasta_degraded",] == 1
    assert found["canasta_model_version",] == serve.VERSION
    assert found["canasta_data_age_days",] == (live.targets[1] - live.origin).days
    fresh = scraped(create_app(Settings(auth="open"), serving, serve.noon(live.origin)))
    assert fresh["canasta_degraded",] == 0
    nothing = scraped(create_app(Settings(auth="open"), serve.FixedServing(None)))
    assert nothing["canasta_ready",] == 0
    assert ("canasta_model_version",) not in nothing


def test_failed_looks_at_the_pointer_are_counted(live: Live) -> None:
    serving = serve.FixedServing(live)
    app = create_app(Settings(auth="open"), serving)
    for problem in (None, "gone", "gone"):
        serving.listeners[0](Outcome(False, serve.VERSION, problem))
    found = scraped(app)
    assert found["canasta_refresh_failures_total",] == 2
    assert found["canasta_served_version", live.model.name] == serve.VERSION


def test_lambda_has_no_metrics(live: Live) -> None:
    app = create_app(Settings(auth="open"), serve.FixedServing(live), operated=False)
    assert app.test_client().get("/metrics").status_code == 404


def test_when_the_pointer_was_looked_at_is_told(live: Live) -> None:
    serving = serve.FixedServing(live)
    found = scraped(create_app(Settings(auth="open"), serving))
    looked = serving.status.looked_at
    assert looked is not None
    assert found["canasta_looked_timestamp_seconds",] == looked.timestamp()


WORKERS = """
import os, sys
from canasta.commodity import load_commodity
from canasta.settings import Settings
from deployment.app.application import create_app
from deployment.app.serving import Outcome
from tests.unit.deployment import serve
from tests.unit.registry.builders import fitted

live = serve.live(serve.history(load_commodity("milk"), 30), fitted("persistence").predictor)
older = serve.live(serve.history(load_commodity("milk"), 29), fitted("persistence").predictor)
serving = serve.FixedServing(None)
app = create_app(Settings(auth="open"), serving, serve.noon(live.origin))

def worker(asked, served, reasons):
    if not os.fork():
        serving.live, serving.reasons = served, reasons
        for listener in serving.listeners:
            listener(Outcome(False, None, " ".join(reasons) or None))
        for _ in range(asked):
            app.test_client().get("/health")
        if asked == 2:
            print(app.test_client().get("/metrics").text, flush=True)
        os._exit(0)
    os.wait()

worker(1, older, ("It is degraded.",))
worker(2, live, ())
"""


@pytest.fixture(scope="module")
def of_two(tmp_path_factory: pytest.TempPathFactory) -> list[str]:
    """What a sound worker tells, beside another that is degraded and serves older forecasts."""
    environment = {**os.environ, "PROMETHEUS_MULTIPROC_DIR": str(tmp_path_factory.mktemp("counts"))}
    done = subprocess.run(
        [sys.executable, "-c", WORKERS],
        cwd=ROOT,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.splitlines()


def test_counts_of_all_workers_are_added_up(of_two: list[str]) -> None:
    assert 'canasta_answers_total{endpoint="health",method="GET",status="200"} 3.0' in of_two
    assert "canasta_refresh_failures_total 1.0" in of_two


def test_how_the_worst_of_all_workers_stands_is_told(of_two: list[str]) -> None:
    """Whichever is asked; and the master, which never serves anything, is none of them."""
    assert "canasta_ready 1.0" in of_two
    assert "canasta_degraded 1.0" in of_two
    assert "canasta_data_age_days 2.0" in of_two
    assert f"canasta_model_version {serve.VERSION}.0" in of_two
    told = [line for line in of_two if line.startswith("canasta_served_version{")]
    assert len(told) == 2
