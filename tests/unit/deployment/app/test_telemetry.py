"""What Prometheus reads."""

import os
import subprocess
import sys
from pathlib import Path

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


WORKERS = """
import os
from canasta.settings import Settings
from deployment.app.application import create_app
from deployment.app.serving import Outcome
from tests.unit.deployment import serve
serving = serve.FixedServing(None)
app = create_app(Settings(auth="open"), serving)
for worker in range(2):
    child = os.fork()
    if not child:
        for _ in range(worker + 1):
            app.test_client().get("/health")
        os._exit(0)
    os.waitpid(child, 0)
print(app.test_client().get("/metrics").text)
"""


def test_counts_of_all_workers_are_added_up(tmp_path: Path) -> None:
    environment = {**os.environ, "PROMETHEUS_MULTIPROC_DIR": str(tmp_path)}
    done = subprocess.run(
        [sys.executable, "-c", WORKERS],
        cwd=ROOT,
        env=environment,
        capture_output=True,
        text=True,
        check=True,
    )
    wanted = 'canasta_answers_total{endpoint="health",method="GET",status="200"} 3.0'
    assert wanted in done.stdout.splitlines()
