"""One table: what is asked, and what is answered.

The newest publication is of Wednesday 2024-08-07; the next ones are expected on 08-09 (Friday),
08-12, 08-14, 08-16, 08-19 and 08-21.
"""

from __future__ import annotations

import io
import json
from datetime import date
from http import HTTPStatus
from typing import Any, NamedTuple

import pytest
from flask.testing import FlaskClient
from pydantic import TypeAdapter

from deployment.app.live import Live
from deployment.app.schema import Answer, Problem
from tests.unit.deployment import serve
from tests.unit.deployment.serve import NEVER, SELDOM

GUADALAJARA = {
    "Estado": "Jalisco",
    "Ciudad": "Guadalajara",
    "Tipo": "Pasteurizada",
    "Canal": "Autoservicios",
}
EARLIER = {
    "Estado": "Jalisco", "Ciudad": "Guadalajara", "Tipo": "Pasteurizada", "Canal": "Autoservicio",
    "día": 1, "mes": 8, "año": 2025, "dia_semana": "4", "Precio_lag1": 23.5, "Precio_mean7": 23.1,
}  # fmt: skip
"""A request of the earlier system, as it was sent."""
COLUMNS = tuple(GUADALAJARA)
KINDS = {
    "not-json": 400,
    "not-json-type": 415,
    "too-large": 413,
    "not-ready": 503,
}


class Fine(NamedTuple):
    """An answer of status 200."""

    horizon: int = 1
    fecha: str = "2024-08-09"
    warnings: tuple[str, ...] = ()
    what_if: bool = False


class Wrong(NamedTuple):
    """A problem, and what its detail says."""

    kind: str
    says: str = ""


def on(**parts: Any) -> dict[str, Any]:
    return {**GUADALAJARA, **parts}


def day(number: int, month: int = 8, year: int = 2024, **more: Any) -> dict[str, Any]:
    return on(día=number, mes=month, año=year, **more)


def labels(**changed: Any) -> dict[str, Any]:
    return GUADALAJARA | changed


def key(labels: tuple[str, ...]) -> dict[str, Any]:
    return dict(zip(COLUMNS, labels, strict=True))


MATCHED = Fine(warnings=("label-matched",))
SUPPOSED = Fine(what_if=True)

TABLE: dict[str, tuple[object, Fine | Wrong]] = {
    # labels
    "labels alone": (GUADALAJARA, Fine()),
    "another case": (labels(Estado="JALISCO"), MATCHED),
    "no accents": (
        key(("Nuevo Leon", "Monterrey", "Pasteurizada", "Tiendas")),
        MATCHED,
    ),
    "other spaces": (labels(Ciudad=" Guada lajara "), MATCHED),
    "no plural": (labels(Canal="Autoservicio"), MATCHED),
    "two labels loosely": (
        labels(Tipo="pasteurizadas", Canal="autoservicio"),
        Fine(warnings=("label-matched", "label-matched")),
    ),
    "misspelt": (labels(Ciudad="Guadalahara"), Wrong("unknown-label", "Guadalajara")),
    "unknown": (labels(Estado="Atlántida"), Wrong("unknown-label", "Estado 'Atlántida'")),
    "labels of two cities": (labels(Estado="Puebla"), Wrong("not-quoted", "not together")),
    "never quoted": (key(NEVER), Wrong("not-quoted", "was never quoted")),
    "not quoted lately": (key(SELDOM), Wrong("not-quoted", "last on")),
    "never quoted, what if": (key(NEVER) | {"Precio_lag1": 25}, Wrong("not-quoted")),
    "a label missing": (
        {name: GUADALAJARA[name] for name in COLUMNS[:3]},
        Wrong("invalid-request", "Canal"),
    ),
    "an empty label": (labels(Canal=""), Wrong("invalid-request", "Canal")),
    "a very long label": (labels(Canal="x" * 101), Wrong("invalid-request", "Canal")),
    "a number for a label": (labels(Canal=5), Wrong("invalid-request", "Canal")),
    "null for a label": (labels(Canal=None), Wrong("invalid-request", "Canal")),
    # dates
    "the next publication's day": (day(9), Fine()),
    "the last possible day": (day(21), Fine(6, "2024-08-21")),
    "in ISO form": (on(fecha="2024-08-12"), Fine(2, "2024-08-12")),
    "in both forms, equal": (day(12, fecha="2024-08-12"), Fine(2, "2024-08-12")),
    "dia and anio": (on(dia=14, mes=8, anio=2024), Fine(3, "2024-08-14")),
    "día and dia, equal": (day(14, dia=14), Fine(3, "2024-08-14")),
    "a number of JSON that is whole": (day(14.0), Fine(3, "2024-08-14")),  # type: ignore[arg-type] # meant
    "the day after the newest": (day(8), Fine(1, "2024-08-09", ("date-moved",))),
    "a weekend": (day(10), Fine(2, "2024-08-12", ("date-moved",))),
    "the newest publication's day": (day(7), Wrong("past-date", "2024-08-07")),
    "long past": (day(1, 1, 2020), Wrong("past-date")),
    "a day too far": (day(22), Wrong("beyond-horizon", "2024-08-21")),
    "years too far": (day(1, 1, 2030), Wrong("beyond-horizon", "2024-08-21")),
    "31 June": (day(31, 6), Wrong("invalid-date", "31")),
    "29 February of no leap year": (day(29, 2, 2025), Wrong("invalid-date")),
    "day 0": (day(0), Wrong("invalid-date", "día")),
    "month 13": (day(1, 13), Wrong("invalid-date", "mes")),
    "year 10000": (day(1, 1, 10_000), Wrong("invalid-date", "año")),
    "a huge number": (day(10**30), Wrong("invalid-date", "día")),
    "31 June in ISO form": (on(fecha="2024-06-31"), Wrong("invalid-date", "2024-06-31")),
    "not in ISO form": (on(fecha="12/08/2024"), Wrong("invalid-request", "fecha")),
    "a week in ISO form": (on(fecha="2024-W33-1"), Wrong("invalid-request", "fecha")),
    "no year": (on(día=9, mes=8), Wrong("partial-date", "año")),
    "a day alone": (on(día=9), Wrong("partial-date", "mes and año")),
    "an ISO date and a day": (on(día=9, fecha="2024-08-09"), Wrong("partial-date")),
    "two dates": (day(12, fecha="2024-08-14"), Wrong("contradicting-dates", "2024-08-14")),
    "día and dia": (day(14, dia=15), Wrong("contradicting-dates", "15")),
    "año and anio": (day(14, anio=2025), Wrong("contradicting-dates", "2025")),
    "a day as text": (day("9"), Wrong("invalid-request", "día")),  # type: ignore[arg-type] # meant
    "a day as boolean": (day(True), Wrong("invalid-request", "día")),
    "half a day": (day(9.5), Wrong("invalid-request", "día")),  # type: ignore[arg-type] # meant
    "null for a date": (on(fecha=None), Wrong("invalid-request", "fecha")),
    # weekdays
    "its weekday": (day(9, dia_semana=4), Fine()),
    "its weekday as text": (day(9, dia_semana="4"), Fine()),
    "another weekday": (day(9, dia_semana=0), Fine(warnings=("weekday-ignored",))),
    "a weekday alone": (on(dia_semana="4"), Fine()),
    "another weekday alone": (on(dia_semana=2), Fine(warnings=("weekday-ignored",))),
    "weekday 7": (day(9, dia_semana=7), Wrong("invalid-request", "dia_semana")),
    "weekday as name": (day(9, dia_semana="viernes"), Wrong("invalid-request", "dia_semana")),
    "weekday as boolean": (day(9, dia_semana=True), Wrong("invalid-request", "dia_semana")),
    # what-ifs
    "the earlier system's": (EARLIER, Fine(1, "2025-08-01", ("label-matched",), what_if=True)),
    "a last price": (on(Precio_lag1=25), SUPPOSED),
    "both prices": (on(Precio_lag1=25.5, Precio_mean7=24.9), SUPPOSED),
    "a mean alone": (on(Precio_mean7=25), Wrong("invalid-request", "Precio_lag1")),
    "what if, long past": (
        day(1, 1, 2020, Precio_lag1=25),
        Fine(1, "2020-01-01", what_if=True),
    ),
    "what if, on a weekend, another weekday": (
        day(10, Precio_lag1=25, dia_semana=4),
        Fine(1, "2024-08-10", ("weekday-ignored",), what_if=True),
    ),
    "what if, on no day": (day(31, 6, Precio_lag1=25), Wrong("invalid-date")),
    "the lowest plausible price": (on(Precio_lag1=8), SUPPOSED),
    "the highest plausible price": (on(Precio_lag1=80, Precio_mean7=8), SUPPOSED),
    "a price too low": (on(Precio_lag1=7.99), Wrong("implausible-price", "8 to 80")),
    "a price too high": (on(Precio_lag1=235), Wrong("implausible-price", "235")),
    "a price below 0": (on(Precio_lag1=-25), Wrong("implausible-price")),
    "a mean too high": (on(Precio_lag1=25, Precio_mean7=80.1), Wrong("implausible-price", "mean7")),
    "a price as text": (on(Precio_lag1="25"), Wrong("invalid-request", "Precio_lag1")),
    "a price as boolean": (on(Precio_lag1=True), Wrong("invalid-request", "Precio_lag1")),
    "NaN": (on(Precio_lag1=float("nan")), Wrong("invalid-request", "Precio_lag1")),
    "infinity": (on(Precio_lag1=float("inf")), Wrong("invalid-request", "Precio_lag1")),
    "null for a price": (on(Precio_lag1=None), Wrong("invalid-request", "Precio_lag1")),
    # shapes
    "an unknown field": (on(precio=25), Wrong("invalid-request", "precio")),
    "a text": ("Guadalajara", Wrong("invalid-request", "object")),
    "a number": (5, Wrong("invalid-request", "object")),
    "null": (None, Wrong("invalid-request", "object")),
    "nothing in it": ({}, Wrong("invalid-request", "Estado")),
}

ANSWER = TypeAdapter(Answer)
PROBLEM = TypeAdapter(Problem)


def check(answer: dict[str, Any], expected: Fine | Wrong) -> None:
    if isinstance(expected, Wrong):
        PROBLEM.validate_python(answer, strict=True)
        assert answer["type"] == f"/problems/{expected.kind}"
        assert answer["status"] == KINDS.get(expected.kind, 422)
        assert expected.says in answer["detail"]
        return
    ANSWER.validate_python(answer, strict=True)
    codes = tuple(warning.split(":")[0] for warning in answer["warnings"])
    assert (answer["horizonte"], answer["fecha"]) == (expected.horizon, expected.fecha)
    assert (codes, answer["what_if"]) == (expected.warnings, expected.what_if)


@pytest.mark.parametrize("name", TABLE)
def test_object_is_answered_as_the_table_says(client: FlaskClient, name: str) -> None:
    asked, expected = TABLE[name]
    answer = client.post("/predict", data=json.dumps(asked), content_type="application/json")
    assert answer.status_code == (
        KINDS.get(expected.kind, 422) if isinstance(expected, Wrong) else HTTPStatus.OK
    )
    assert answer.json is not None
    check(answer.json, expected)


def test_list_answers_each_row_as_if_it_came_alone_in_order(client: FlaskClient) -> None:
    rows, expected = zip(*TABLE.values(), strict=True)
    answer = client.post("/predict", data=json.dumps(rows), content_type="application/json")
    assert answer.status_code == HTTPStatus.OK
    assert answer.json is not None
    assert len(answer.json["predictions"]) == len(TABLE)
    for one, wanted in zip(answer.json["predictions"], expected, strict=True):
        check(one, wanted)


BODIES: dict[str, tuple[bytes, dict[str, str], Wrong]] = {
    "broken JSON": (b'{"Estado":', {}, Wrong("not-json")),
    "a broken list": (b'[{"Estado": "Jalisco"},', {}, Wrong("not-json")),
    "no body": (b"", {}, Wrong("not-json")),
    "spaces": (b"  \n", {}, Wrong("not-json")),
    "not UTF-8": ('{"Estado":"México"}'.encode("latin-1"), {}, Wrong("not-json")),
    "half a surrogate": (b'{"Estado":"\\ud800"}', {}, Wrong("not-json")),
    "deep nesting": (b"[" * 5_000 + b"]" * 5_000, {}, Wrong("not-json")),
    "a form": (b"Estado=Jalisco", {"Content-Type": "text/plain"}, Wrong("not-json-type")),
    "no type": (b"{}", {"Content-Type": ""}, Wrong("not-json-type")),
    "10 MB": (b" " * 10_000_000, {}, Wrong("too-large", "256 KiB")),
    "a byte too many": (b" " * (256 * 1024 + 1), {}, Wrong("too-large")),
    "1,001 rows": (json.dumps([5] * 1_001).encode(), {}, Wrong("invalid-request", "1001")),
}  # fmt: skip


@pytest.mark.parametrize("name", BODIES)
def test_body_is_refused_as_the_table_says(client: FlaskClient, name: str) -> None:
    body, headers, expected = BODIES[name]
    headers = {"Content-Type": "application/json"} | headers
    answer = client.post("/predict", data=body, headers=headers)
    assert answer.content_type == "application/problem+json"
    assert answer.status_code == KINDS.get(expected.kind, 422)
    assert answer.json is not None
    check(answer.json, expected)


def test_chunked_body_is_capped_too(client: FlaskClient) -> None:
    class Endless(io.BytesIO):
        """Stands for a connection: nobody says how much is still to come."""

        given = 0

        def readinto(self, buffer: Any, /) -> int:
            self.given += len(buffer)
            buffer[:] = b" " * len(buffer)
            return len(buffer)

    body = Endless()
    answer = client.post(
        "/predict",
        input_stream=body,
        headers={"Content-Type": "application/json", "Transfer-Encoding": "chunked"},
        environ_overrides={"wsgi.input_terminated": True, "CONTENT_LENGTH": ""},
    )
    assert answer.status_code == HTTPStatus.REQUEST_ENTITY_TOO_LARGE
    assert body.given <= 2 * 256 * 1024


def test_a_thousand_rows_are_answered(client: FlaskClient) -> None:
    answer = client.post("/predict", json=[GUADALAJARA] * 1_000)
    assert answer.json is not None
    assert len(answer.json["predictions"]) == 1_000
    assert client.post("/predict", json=[]).json == {"predictions": []}


@pytest.mark.parametrize(
    ("method", "path", "status", "allowed"),
    [
        ("GET", "/predict", 405, "POST"),
        ("PUT", "/predict", 405, "POST"),
        ("OPTIONS", "/predict", 405, "POST"),
        ("POST", "/forecasts", 405, "GET, HEAD"),
        ("DELETE", "/model", 405, "GET, HEAD"),
        ("GET", "/admin/reload", 405, "POST"),
        ("FOO", "/health", 405, "GET, HEAD"),
        ("GET", "/predict/", 404, None),
        ("GET", "/.env", 404, None),
        ("POST", "/", 405, "GET, HEAD"),
    ],
)
def test_other_addresses_and_methods_are_problems(
    client: FlaskClient, method: str, path: str, status: int, allowed: str | None
) -> None:
    answer = client.open(path, method=method)
    assert (answer.status_code, answer.headers.get("Allow")) == (status, allowed)
    assert answer.content_type == "application/problem+json"
    assert PROBLEM.validate_python(answer.json)["status"] == status


def test_head_answers_as_get_without_a_body(client: FlaskClient) -> None:
    answer = client.head("/model")
    assert (answer.status_code, answer.data) == (HTTPStatus.OK, b"")


def test_late_data_is_answered_with_a_warning_on_the_day_after(live: Live) -> None:
    due, after = (
        serve.client(live, at=date(2024, 8, at)).post("/predict", json=GUADALAJARA).json
        for at in (9, 10)
    )
    assert due is not None
    assert after is not None
    check(due, Fine())
    check(after, Fine(warnings=("stale-data",)))
    ready = serve.client(live, at=date(2024, 8, 10)).get("/ready")
    assert ready.status_code == HTTPStatus.OK
    assert ready.json is not None
    assert ready.json["status"] == "degraded"
    assert "2024-08-09" in ready.json["reasons"][0]
