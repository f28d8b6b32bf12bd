"""How fast the API answers, against what: `python -m tests.bench_serving`; part of `make bench`.

Every server runs under gunicorn with the same workers and threads, one run after the other and
all over again, so that what else the machine does falls on all alike; medians of the runs. The
API logs as it always does; on loopback, as shipped, it limits nobody. With --limited, it counts
each request against a limit that is never reached.
"""

from __future__ import annotations

import http.client
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from sklearn.base import is_classifier

from canasta.commodity import load_commodity
from canasta.forecast.hurdle.mixture import HEADS
from canasta.forecast.outlook import forecast
from canasta.forecast.panel import Panel
from canasta.forecast.recipe import RANDOM_FOREST, Recipe
from canasta.forecast.training import Fitted, Trainer
from canasta.parameters import read_parameters
from canasta.store import store_for
from deployment.aws_lambda.emulate import EVENTS, LIKE_THE_IMAGE
from tests.api_server import PATIENCE_S, ROOT, api_server
from tests.load import load
from tests.panels import simulated_panel
from tests.promoted_lake import PromotedLake
from tests.s3_server import HOST, free_ports
from tests.unit.registry.builders import bundle

WORKERS, THREADS = 2, 4
CONNECTIONS = WORKERS * THREADS
RUNS, SECONDS = 5, 6.0
STARTS = 9
OURS, WHAT_IF = "/predict", "/predict, what-if"
BARE, MLFLOW, ONE = "bare Flask", "its forests by mlflow.pyfunc", "one of them"
GOALS = (
    (OURS, BARE, "requests per second", 0.6),
    (WHAT_IF, BARE, "requests per second", 0.05),
    (OURS, MLFLOW, "requests per second", 50.0),
)
P99_GOAL = 2.0


@dataclass(frozen=True)
class Rate:
    """Medians of a server's runs: answers per second, and quantiles of their milliseconds."""

    name: str
    per_second: float
    p50_ms: float
    p99_ms: float


@dataclass(frozen=True)
class _Asked:
    name: str
    port: int
    body: bytes


def serving(folder: Path, panel: Panel, fitted: Fitted) -> list[str]:
    """Measure, and return what was measured and how it stands to its goals, as lines.

    Args:
        folder: to work in.
        panel: the history.
        fitted: a forest, the champion that is served.
    """
    lake = folder / "served"
    lake.mkdir()
    outlook = forecast(fitted.predictor, panel, panel.origin)
    PromotedLake(store_for(str(lake))).promote(1, bundle(fitted), panel, outlook)
    return [*_told(_rates(folder, lake, panel, fitted)), *_cold_starts(lake, panel)]


def _rates(folder: Path, lake: Path, panel: Panel, fitted: Fitted) -> list[Rate]:
    variables = {"WORKERS": str(WORKERS), "THREADS": str(THREADS)}
    if "--limited" in sys.argv:
        variables["RATE_LIMIT"] = "1000000/minute"
    with ExitStack() as running:
        ours = running.enter_context(api_server(folder, str(lake), variables)).port
        bare = running.enter_context(_rival("bare()"))
        forests = _saved(folder, fitted)
        whole = running.enter_context(_rival(f"through_mlflow({forests!r})"))
        single = running.enter_context(_rival(f"through_mlflow({forests[-1:]!r})"))
        row = {"features": [0.0] * len(fitted.predictor.hurdles[0].features)}
        asked = _bodies(panel)
        return _interleaved(
            [
                _Asked(OURS, ours, asked[OURS]),
                _Asked(BARE, bare, asked[OURS]),
                _Asked(WHAT_IF, ours, asked[WHAT_IF]),
                _Asked(MLFLOW, whole, json.dumps(row).encode()),
                _Asked(ONE, single, json.dumps(row).encode()),
            ]
        )


def _bodies(panel: Panel) -> dict[str, bytes]:
    series = int(np.flatnonzero(panel.live)[0])
    plain: dict[str, Any] = dict(zip(panel.columns, panel.keys[series], strict=True))
    quotes = panel.prices[series][np.isfinite(panel.prices[series])]
    supposed = {**plain, "Precio_lag1": float(quotes[-1]) + 0.5, "Precio_mean7": 25.0}
    return {name: json.dumps(one).encode() for name, one in ((OURS, plain), (WHAT_IF, supposed))}


def _saved(folder: Path, fitted: Fitted) -> list[str]:
    """Save the forests behind an answer to the next publication, as the registry saves one."""
    import mlflow.sklearn  # noqa: PLC0415 # takes seconds

    places = []
    for head in HEADS:
        forest, place = fitted.natives[f"1-{head}"], folder / "mlflow" / head
        mlflow.sklearn.save_model(
            forest,
            place,
            skops_trusted_types=["sklearn.tree._tree.Tree"],
            pip_requirements=["scikit-learn"],
            pyfunc_predict_fn="predict_proba" if is_classifier(forest) else "predict",
        )
        places.append(str(place))
    return places


@contextmanager
def _rival(call: str) -> Iterator[int]:
    """Run a rival under gunicorn, and give its port."""
    (port,) = free_ports(1)
    command = [
        *(sys.executable, "-m", "gunicorn", "--preload", "--log-level", "error"),
        *("--workers", str(WORKERS), "--threads", str(THREADS), "--bind", f"{HOST}:{port}"),
        f"tests.bench_rivals:{call}",
    ]
    # In threads, scikit-learn's forests warn of a setting that scikit-learn itself has lost.
    process = subprocess.Popen(command, cwd=ROOT, stderr=subprocess.DEVNULL)
    try:
        _await(port, process)
        yield port
    finally:
        process.terminate()
        process.wait(PATIENCE_S)


def _await(port: int, process: subprocess.Popen[bytes]) -> None:
    deadline = time.monotonic() + PATIENCE_S
    while time.monotonic() < deadline and process.poll() is None:
        try:
            connection = http.client.HTTPConnection(HOST, port, timeout=PATIENCE_S)
            connection.request("GET", "/")
            connection.getresponse()
        except OSError:
            time.sleep(0.05)
        else:
            return
    raise RuntimeError("A rival did not start.")


def _interleaved(asked: list[_Asked]) -> list[Rate]:
    for one in asked:
        load(one.port, 1.0, CONNECTIONS, one.body)  # whatever is done once is done now
    taken: dict[str, list[list[float]]] = {one.name: [] for one in asked}
    for _ in range(RUNS):
        for one in asked:
            taken[one.name].append(load(one.port, SECONDS, CONNECTIONS, one.body))
    return [_rate(name, runs) for name, runs in taken.items()]


def _rate(name: str, runs: list[list[float]]) -> Rate:
    quantiles = [np.quantile(run, (0.5, 0.99)) * 1e3 for run in runs]
    return Rate(
        name,
        statistics.median(len(run) / SECONDS for run in runs),
        statistics.median(float(one[0]) for one in quantiles),
        statistics.median(float(one[1]) for one in quantiles),
    )


def _told(measured: list[Rate]) -> list[str]:
    by_name = {one.name: one for one in measured}
    lines = [
        f"{one.name:30}{one.per_second:9.0f} requests/s{one.p50_ms:9.2f} ms median"
        f"{one.p99_ms:9.2f} ms p99"
        for one in measured
    ]
    for name, rival, what, goal in GOALS:
        ratio = by_name[name].per_second / by_name[rival].per_second
        lines.append(f"{name} / {rival}: {ratio:.2f} times its {what} (goal: at least {goal:g})")
    ratio = by_name[OURS].p99_ms / by_name[BARE].p99_ms
    return [*lines, f"{OURS} / {BARE}: {ratio:.2f} times its p99 (goal: at most {P99_GOAL:g})"]


COLD = """
import json, sys
from deployment.aws_lambda.function import handler
answer = handler(json.load(sys.stdin), None)
print(answer["statusCode"], answer["body"])
"""
EVENT = EVENTS / "predict-stage.json"


def _cold_starts(lake: Path, panel: Panel) -> list[str]:
    """Time the Lambda function from its process's start to its first answer, files warm."""
    event = json.loads(EVENT.read_text(encoding="utf-8"))
    environment = {**os.environ, **LIKE_THE_IMAGE, "LAKE_URL": str(lake)}
    del environment["PYTHONDONTWRITEBYTECODE"]  # an image is compiled, and so is this tree then
    lines = []
    for name, body in _bodies(panel).items():
        asked = json.dumps({**event, "body": body.decode()})
        seconds = statistics.median(_answered_after(asked, environment) for _ in range(STARTS))
        lines.append(f"cold start to a first {name}: {seconds:.2f} s (goal: under 0.5)")
    return lines


def _answered_after(event: str, environment: Mapping[str, str]) -> float:
    began = time.perf_counter()
    done = subprocess.run(
        [sys.executable, "-c", COLD],
        cwd=ROOT,
        env={**environment, "AUTH": "open"},
        input=event,
        stdout=subprocess.PIPE,
        text=True,
        check=True,
    )
    taken = time.perf_counter() - began
    if '"predicted_price":' not in done.stdout:
        raise RuntimeError(f"Expected a price, got {done.stdout}")
    return taken


def main() -> None:
    """Measure on a simulated history, with the forest of params.toml's own settings."""
    panel = simulated_panel(load_commodity("milk"), 150)
    parameters = read_parameters()
    trainer = Trainer.of(panel, parameters.fit, 1)
    recipe = Recipe(RANDOM_FOREST, parameters.heads[RANDOM_FOREST])
    fitted = trainer.fit(recipe, len(panel.dates) - 1)
    with tempfile.TemporaryDirectory() as folder:
        print("\n".join(serving(Path(folder), panel, fitted)))


if __name__ == "__main__":
    main()
