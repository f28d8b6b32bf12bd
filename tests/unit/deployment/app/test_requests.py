"""Ids, safe headers, and the log line of an answer."""

import io
import json
import logging
from collections.abc import Iterator
from typing import Any

import pytest
from flask.testing import FlaskClient

from canasta.settings import Settings
from deployment.app import logs
from deployment.app.application import create_app
from deployment.app.live import Live
from deployment.app.requests import HEADERS
from tests.unit.deployment import serve

SERIES = {"Estado": "Nuevo León", "Ciudad": "Monterrey", "Tipo": "Pasteurizada", "Canal": "Tiendas"}


@pytest.fixture
def lines() -> Iterator[io.StringIO]:
    """What is logged, as configured for servers."""
    root = logging.getLogger()
    before, level = root.handlers[:], root.level
    stream = io.StringIO()
    logs.configure(stream)
    yield stream
    root.handlers[:] = before
    root.setLevel(level)


def last(lines: io.StringIO) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(lines.getvalue().splitlines()[-1])
    return found


def test_each_answer_is_one_line_with_what_was_asked_and_answered(
    client: FlaskClient, lines: io.StringIO
) -> None:
    headers = {"X-API-Key": "secret", "X-Request-ID": "from-outside.1"}
    answer = client.post("/predict?token=secret", json=SERIES, headers=headers)
    assert answer.json is not None
    line = last(lines)
    assert len(lines.getvalue().splitlines()) == 1
    assert (line.pop("time"), line.pop("ms")) > ("2020", 0)
    assert line == {
        "level": "info",
        "request_id": "from-outside.1",
        "method": "POST",
        "path": "/predict",
        "status": 200,
        "series": list(SERIES.values()),
        "answer": answer.json["predicted_price"],
        "version": serve.VERSION,
    }
    assert answer.headers["X-Request-ID"] == "from-outside.1"
    assert "secret" not in lines.getvalue()


def test_list_and_problem_are_counted_and_named(client: FlaskClient, lines: io.StringIO) -> None:
    client.post("/predict", json=[SERIES, 5])
    assert last(lines).items() >= {"rows": 2, "problems": 1, "version": serve.VERSION}.items()
    problem = client.post("/predict", json={"Estado": "hidden"})
    assert last(lines)["problem"] == "invalid-request"
    assert last(lines)["version"] == serve.VERSION
    assert problem.json is not None
    assert problem.json["request_id"] == last(lines)["request_id"]


@pytest.mark.parametrize("given", ["a b", "x" * 65, 'quote"', "ñ", ""])
def test_id_that_could_harm_a_log_is_replaced(client: FlaskClient, given: str) -> None:
    answer = client.get("/health", environ_overrides={"HTTP_X_REQUEST_ID": given})
    assert len(answer.headers["X-Request-ID"]) == 16


@pytest.mark.parametrize("path", ["/ñ", '/"}', "/%FF%FE", "/" + "x" * 3_000])
def test_any_path_is_logged_as_json(client: FlaskClient, lines: io.StringIO, path: str) -> None:
    assert client.get(path).status_code == 404
    assert path[:10] in last(lines)["path"] or "%" in path
    assert len(last(lines)["path"]) <= 200


@pytest.mark.parametrize("path", ["/health", "/nothing", "/predict", "/", "/docs", "/forecasts"])
def test_every_answer_has_the_safe_headers_once(client: FlaskClient, path: str) -> None:
    answer = client.get(path)
    for name, value in HEADERS.items():
        given = answer.headers.getlist(name)
        assert given == [value] or (path == "/docs" and name == "Content-Security-Policy")


def test_error_of_ours_tells_its_number_and_nothing_else(
    live: Live, lines: io.StringIO, monkeypatch: pytest.MonkeyPatch
) -> None:
    app = create_app(Settings(auth="open"), serve.FixedServing(live))

    def fail() -> None:
        raise RuntimeError("/srv/lake: key hunter2")

    monkeypatch.setitem(app.view_functions, "health", fail)
    answer = app.test_client().get("/health")
    assert answer.status_code == 500
    assert answer.json is not None
    assert answer.json["request_id"] in answer.json["detail"]
    assert "hunter2" not in answer.text
    error, line = (json.loads(one) for one in lines.getvalue().splitlines())
    assert (error["level"], line["problem"]) == ("error", "internal-error")
    assert "hunter2" in error["traceback"]


def test_other_logs_are_json_lines_too(lines: io.StringIO) -> None:
    logging.getLogger("canasta.x").warning("a %s", "line\nbreak")
    assert last(lines).items() >= {"level": "warning", "message": "a line\nbreak"}.items()
