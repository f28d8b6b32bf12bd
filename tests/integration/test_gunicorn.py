"""The API under gunicorn: it starts, follows the pointer under load, survives, ends in peace."""

from __future__ import annotations

import http.client
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest

from canasta.commodity import Commodity
from canasta.forecast.outlook import Outlook
from canasta.forecast.panel import Panel
from canasta.registry.bundle import Bundle
from canasta.store import store_for
from tests.api_server import JSON, PATIENCE_S, ROOT, ApiServer, Load, api_server
from tests.panels import simulated_panel
from tests.promoted_lake import PromotedLake, quick_champion
from tests.s3_server import BUCKET, HOST, s3_server
from tests.unit.deployment.app.faults import swapped, trees, truncated

WORKERS = 2
ASKED = {
    "Estado": "Jalisco",
    "Ciudad": "Guadalajara",
    "Tipo": "Pasteurizada",
    "Canal": "Autoservicios",
}
WHAT_IF = {**ASKED, "Precio_lag1": 23.5, "Precio_mean7": 23.1}
RELOAD_S = 5.0

type Champion = tuple[Panel, Bundle, Outlook]


@pytest.fixture(scope="module")
def champion(milk: Commodity) -> Champion:
    """A small model on simulated prices, and its forecasts."""
    panel = simulated_panel(milk, 70)
    return panel, *quick_champion(panel)


def promote(lake: PromotedLake, version: int, champion: Champion) -> None:
    panel, bundle, outlook = champion
    lake.promote(version, bundle, panel, outlook)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    folder = tmp_path / "lake"
    folder.mkdir()
    return folder


@pytest.fixture
def lake(folder: Path, champion: Champion) -> PromotedLake:
    """A lake whose champion is version 1."""
    lake = PromotedLake(store_for(str(folder)))
    promote(lake, 1, champion)
    return lake


@pytest.fixture
def api(tmp_path: Path, lake: PromotedLake) -> Iterator[ApiServer]:
    """Its API."""
    with api_server(tmp_path, lake.store.url, {"WORKERS": str(WORKERS)}) as server:
        yield server


def swaps(api: ApiServer, version: int) -> int:
    """Return how many workers have logged that they serve `version`."""
    return sum(f"version {version} is served" in line.get("message", "") for line in api.lines())


def until(happened: Callable[[], bool], seconds: float) -> None:
    deadline = time.monotonic() + seconds
    while not happened():
        assert time.monotonic() < deadline
        time.sleep(0.02)


def test_predictions_and_what_ifs_are_answered(api: ApiServer, champion: Champion) -> None:
    panel, _, outlook = champion
    status, answer = api.ask("POST", "/predict", ASKED)
    row = panel.keys.index(tuple(ASKED.values()))
    assert status == 200
    assert answer["predicted_price"] == round(float(outlook.median[row, 0]), 2)
    assert answer["model"]["version"] == 1
    status, answer = api.ask("POST", "/predict", WHAT_IF)
    assert status == 200
    assert answer["what_if"] is True
    until(lambda: swaps(api, 1) == WORKERS, RELOAD_S)


def test_promotion_under_load_fails_no_request_and_changes_each_worker_once(
    api: ApiServer, lake: PromotedLake, champion: Champion
) -> None:
    with Load(api, ASKED).running(clients=3) as load:
        time.sleep(0.5)
        promote(lake, 2, champion)
        assert api.reload() == {"changed": True, "version": 2, "problem": None}
        until(lambda: swaps(api, 2) == WORKERS, RELOAD_S)
        time.sleep(0.5)
    assert load.unanswered == load.broken == []
    assert {status for status, _ in load.answers.values()} == {200}
    assert {answer["model"]["version"] for _, answer in load.answers.values()} == {1, 2}
    assert swaps(api, 1) == swaps(api, 2) == WORKERS


@pytest.mark.slow
def test_pointer_is_followed_within_a_minute(
    api: ApiServer, lake: PromotedLake, champion: Champion
) -> None:
    promote(lake, 2, champion)
    until(lambda: swaps(api, 2) == WORKERS, 60)


@pytest.mark.parametrize("fault", [truncated, swapped], ids=lambda fault: fault.__name__)
def test_damaged_bundle_leaves_the_old_one_and_tells(
    api: ApiServer,
    lake: PromotedLake,
    folder: Path,
    champion: Champion,
    fault: Callable[[list[Path]], None],
) -> None:
    promote(lake, 2, champion)
    manifest = folder / "bundles" / "2" / "manifest.json"
    fault(trees(folder, 2) if fault is truncated else [manifest, trees(folder, 2)[0]])
    outcome = api.reload()
    assert (outcome["changed"], outcome["version"]) == (False, 1)
    assert "cannot be used" in outcome["problem"]
    status, answer = api.ask("POST", "/predict", WHAT_IF)
    assert (status, answer["model"]["version"]) == (200, 1)
    until(lambda: every(api, lambda ready: outcome["problem"] in ready["reasons"]), RELOAD_S)
    assert every(api, lambda ready: ready["ready"] and ready["degraded"])
    assert metric(api, "refresh_failures_total") >= 1


def test_start_with_a_damaged_champion_is_told_in_answers_and_metrics_until_it_is_mended(
    tmp_path: Path, lake: PromotedLake, folder: Path, champion: Champion
) -> None:
    promote(lake, 2, champion)
    damaged = trees(folder, 2)[0]
    content = damaged.read_bytes()
    truncated([damaged])
    with api_server(tmp_path, lake.store.url, {"WORKERS": str(WORKERS)}) as api:
        status, answer = api.ask("POST", "/predict", WHAT_IF)
        assert (status, answer["model"]["version"]) == (200, 1)
        assert codes(answer).count("degraded") == 1
        _, answer = api.ask("POST", "/predict", ASKED)
        assert answer["model"]["version"] == 2, "its forecasts stand"
        assert "degraded" not in codes(answer)
        outcome = api.reload()
        assert "version 2, cannot be used" in outcome["problem"]
        assert outcome["problem"] in api.ask("GET", "/ready")[1]["reasons"]
        assert metric(api, "refresh_failures_total") >= WORKERS
        assert (metric(api, "ready"), metric(api, "degraded")) == (1, 1)
        damaged.write_bytes(content)
        assert api.reload() == {"changed": True, "version": 2, "problem": None}
        until(lambda: swaps(api, 2) == 2 * WORKERS, RELOAD_S)
        _, answer = api.ask("POST", "/predict", WHAT_IF)
        assert (answer["model"]["version"], "degraded" in codes(answer)) == (2, False)


def test_metrics_are_those_of_the_worker_that_is_worst_off(api: ApiServer, folder: Path) -> None:
    """One worker is replaced while what is promoted now is damaged, all of it."""
    until(lambda: swaps(api, 1) == WORKERS, RELOAD_S)
    assert metric(api, "ready") == 1
    for file in (folder / "panels").iterdir():
        file.write_bytes(b"")
    os.kill(workers(api)[0], signal.SIGKILL)
    until(lambda: 503 in {api.ask("GET", "/ready")[0] for _ in range(8)}, PATIENCE_S)
    assert {metric(api, "ready") for _ in range(8)} == {0}, "whichever is asked"


def every(api: ApiServer, holds: Callable[[dict[str, Any]], bool]) -> bool:
    """Tell whether something holds of how each worker stands, as far as many questions tell."""
    return all(holds(api.ask("GET", "/ready")[1]) for _ in range(8))


def codes(answer: dict[str, Any]) -> list[str]:
    return [warning.partition(":")[0] for warning in answer["warnings"]]


def metric(api: ApiServer, name: str) -> float:
    _, text = api.ask("GET", "/metrics")
    (value,) = [
        line.split()[1] for line in text.splitlines() if line.startswith(f"canasta_{name} ")
    ]
    return float(value)


def workers(api: ApiServer) -> list[int]:
    """Return the process ids of gunicorn's workers."""
    children = Path(f"/proc/{api.process.pid}/task/{api.process.pid}/children").read_text().split()
    assert len(children) >= WORKERS
    return [int(child) for child in children]


def test_start_without_a_champion_says_so_and_takes_up_the_first(
    tmp_path: Path, folder: Path, champion: Champion
) -> None:
    with api_server(tmp_path, str(folder)) as api:
        assert "Run `make daily`" in api.log.read_text()
        assert api.ask("GET", "/health")[0] == 200
        status, ready = api.ask("GET", "/ready")
        assert (status, ready["ready"]) == (503, False)
        assert api.ask("POST", "/predict", ASKED)[0] == 503
        promote(PromotedLake(store_for(str(folder))), 1, champion)
        assert api.reload()["version"] == 1
        until(lambda: every(api, lambda ready: ready["ready"]), RELOAD_S)
        assert api.ask("POST", "/predict", ASKED)[0] == 200


def test_worker_that_is_killed_is_replaced_by_one_that_serves(api: ApiServer) -> None:
    until(lambda: swaps(api, 1) == WORKERS, PATIENCE_S)  # both have loaded
    os.kill(workers(api)[0], signal.SIGKILL)
    until(lambda: swaps(api, 1) == WORKERS + 1, PATIENCE_S)
    assert {api.ask("POST", "/predict", ASKED)[0] for _ in range(8)} == {200}


def test_stop_under_load_loses_no_request_that_a_worker_had_begun_to_read(api: ApiServer) -> None:
    held = {name: begun(api, name) for name in ("one", "two", "three")}  # a thread stays free
    time.sleep(0.5)
    with Load(api, ASKED).running(clients=2) as load:
        time.sleep(0.5)
        api.process.send_signal(signal.SIGTERM)
        time.sleep(0.5)
        assert [ended(connection) for connection in held.values()] == [200] * len(held)
        assert api.process.wait(PATIENCE_S) == 0
    assert load.broken == []
    assert {status for status, _ in load.answers.values()} == {200}
    answered = {line["request_id"] for line in api.lines() if line.get("path") == "/predict"}
    assert answered == load.answers.keys() | held.keys()


def test_stop_does_not_wait_for_who_asks_nothing(tmp_path: Path, lake: PromotedLake) -> None:
    """A stop that did would take as long as gunicorn gives it: longer than this test waits."""
    graceful = f"--graceful-timeout={10 * PATIENCE_S:.0f}"
    with api_server(tmp_path, lake.store.url, {"GUNICORN_CMD_ARGS": graceful}) as api:
        idle = http.client.HTTPConnection(HOST, api.port, timeout=PATIENCE_S)
        idle.request("GET", "/health")
        assert idle.getresponse().read()
        assert api.stop() == 0
        idle.close()


def begun(api: ApiServer, name: str) -> http.client.HTTPConnection:
    """Send a request but for the end of its body."""
    body = json.dumps(ASKED).encode()
    connection = http.client.HTTPConnection(HOST, api.port, timeout=PATIENCE_S)
    connection.putrequest("POST", "/predict")
    for header, value in {**JSON, "Content-Length": str(len(body)), "X-Request-ID": name}.items():
        connection.putheader(header, value)
    connection.endheaders(body[:-5])
    return connection


def ended(connection: http.client.HTTPConnection) -> int:
    """Send the rest, and return the answer's status."""
    connection.send(json.dumps(ASKED).encode()[-5:])
    response = connection.getresponse()
    assert json.loads(response.read())["predicted_price"] > 0
    connection.close()
    return response.status


def test_s3_that_is_gone_is_told_and_serving_goes_on(
    tmp_path: Path, champion: Champion, monkeypatch: pytest.MonkeyPatch
) -> None:
    with ExitStack() as stack:
        s3 = stack.enter_context(s3_server(tmp_path / "s3"))
        for name, value in s3.variables.items():
            monkeypatch.setenv(name, value)
        promote(PromotedLake(store_for(f"s3://{BUCKET}/lake")), 1, champion)
        api = stack.enter_context(api_server(tmp_path, f"s3://{BUCKET}/lake", {"WORKERS": "1"}))
        assert api.ask("POST", "/predict", ASKED)[0] == 200
        s3.stop()
        goes_on_without_its_lake(api)
        assert s3.endpoint not in json.dumps(api.ask("GET", "/ready"))


def test_folder_that_is_gone_is_told_until_it_is_back(
    tmp_path: Path, lake: PromotedLake, folder: Path
) -> None:
    with api_server(tmp_path, lake.store.url, {"WORKERS": "1"}) as api:
        elsewhere = folder.rename(tmp_path / "unmounted")
        goes_on_without_its_lake(api)
        elsewhere.rename(folder)
        assert api.reload() == {"changed": False, "version": 1, "problem": None}


def goes_on_without_its_lake(api: ApiServer) -> None:
    outcome = api.reload()
    assert (outcome["changed"], outcome["version"]) == (False, 1)
    assert "does not answer" in outcome["problem"]
    assert api.ask("POST", "/predict", ASKED)[0] == 200
    status, ready = api.ask("GET", "/ready")
    assert status == 200
    assert outcome["problem"] in ready["reasons"]


@pytest.mark.parametrize(
    ("variables", "named"),
    [
        ({"AUTH": "key", "API_KEY_HASHES": ""}, "API_KEY_HASHES"),
        ({"WORKERS": "none"}, "WORKERS"),
        ({"LAKE_URL": "ftp://lake"}, "LAKE_URL"),
    ],
)
def test_setting_that_is_wrong_is_one_sentence(
    variables: dict[str, str], named: str, folder: Path
) -> None:
    ended = subprocess.run(
        [sys.executable, "-m", "deployment"],
        cwd=ROOT,
        env={**os.environ, "LAKE_URL": str(folder), **variables},
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
    )
    assert ended.returncode != 0
    assert named in ended.stderr
    assert "Traceback" not in ended.stderr
