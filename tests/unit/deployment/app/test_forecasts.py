"""The numbers of the API are the report's."""

import csv
import io
from http import HTTPStatus
from typing import Any

import pytest
from flask.testing import FlaskClient

from canasta.commodity import Commodity
from canasta.deliver.report import ModelName, daily_report, to_csv_bytes
from deployment.app.live import Live
from tests.unit.deployment import serve

WAYS = {"sube": "up", "baja": "down", "estable": "unchanged"}


@pytest.fixture(scope="module")
def report(live: Live, milk: Commodity) -> bytes:
    return report_of(live, milk)


def report_of(live: Live, milk: Commodity) -> bytes:
    name = ModelName(live.model.algorithm, live.model.version, live.simulated)
    return to_csv_bytes(daily_report(live.panel, live.outlook, milk, name, len(live.targets)))


def rows(content: bytes) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(content.decode())))


def test_csv_is_the_report_to_the_byte(client: FlaskClient, report: bytes) -> None:
    for answer in (
        client.get("/forecasts?format=csv"),
        client.get("/forecasts", headers={"Accept": "text/csv"}),
    ):
        assert answer.content_type == "text/csv; charset=utf-8"
        assert answer.data == report


def test_simulated_prices_say_so_in_every_row_and_answer(live: Live, milk: Commodity) -> None:
    simulated = serve.live(live.panel, live.predictor, simulated=True)
    client = serve.client(simulated)
    assert client.get("/forecasts?format=csv").data == report_of(simulated, milk)
    asked = dict(zip(live.panel.columns, live.panel.keys[0], strict=True))
    for answer in (client.post("/predict", json=asked).json, client.get("/forecasts").json):
        assert answer is not None
        assert "DATOS SIMULADOS" in answer["warnings"][0]


def test_each_live_series_and_horizon_is_predicted_as_reported(
    client: FlaskClient, live: Live, report: bytes
) -> None:
    reported = rows(report)
    asked = [
        {name: row[name] for name in live.panel.columns} | {"fecha": row["fecha"]}
        for row in reported
    ]
    answers: list[dict[str, Any]] = []
    for start in range(0, len(asked), 1_000):
        told = client.post("/predict", json=asked[start : start + 1_000]).json
        assert told is not None
        answers += told["predictions"]
    assert len(answers) == len(reported) == sum(live.forecast) * 6
    for row, answer in zip(reported, answers, strict=True):
        assert answer["predicted_price"] == float(row["Precio_sugerido"])
        assert answer["mean"] == float(row["Precio_medio"])
        assert (answer["fecha"], str(answer["horizonte"])) == (row["fecha"], row["horizonte"])
        assert answer["probability_of_change"] == float(row["prob_cambio"])
        assert answer["direction"] == WAYS[row["direccion"]]
        assert answer["interval_80"] == [float(row["bajo_80"]), float(row["alto_80"])]
        assert answer["interval_95"] == [float(row["bajo_95"]), float(row["alto_95"])]
        assert answer["warnings"] == []


def test_json_holds_the_same_rows(client: FlaskClient, report: bytes, live: Live) -> None:
    content = client.get("/forecasts").json
    assert content is not None
    assert content["origin"] == live.origin.isoformat()
    for row, told in zip(rows(report), content["forecasts"], strict=True):
        assert list(row) == list(told)
        for name, value in told.items():
            assert (row[name] if isinstance(value, str) else float(row[name])) == value


@pytest.mark.parametrize(
    ("query", "wanted"),
    [
        ("Estado=jalisco", lambda row: row["Estado"] == "Jalisco"),
        (
            "Estado=Jalisco&Estado=Puebla&horizonte=2",
            lambda row: row["Estado"] in ("Jalisco", "Puebla") and row["horizonte"] == "2",
        ),
        (
            "Canal=Autoservicio&horizon=6",
            lambda row: row["Canal"] == "Autoservicios" and row["horizonte"] == "6",
        ),
        ("Ciudad=M%C3%A9rida&Estado=Puebla", lambda _: False),
    ],
)
def test_filters_keep_the_reports_rows_and_order(
    client: FlaskClient, report: bytes, query: str, wanted: Any
) -> None:
    answer = client.get(f"/forecasts?format=csv&{query}")
    assert rows(answer.data) == [row for row in rows(report) if wanted(row)]


@pytest.mark.parametrize(
    "query",
    ["horizonte=7", "horizonte=0", "horizonte=x", "horizon=1&horizonte=2", "format=xml",
     "format=csv&format=json", "estado=Jalisco", "x=1", "Estado=Atl%C3%A1ntida", "Estado="],
)  # fmt: skip
def test_filter_that_means_nothing_is_refused(client: FlaskClient, query: str) -> None:
    answer = client.get(f"/forecasts?{query}")
    assert answer.status_code == HTTPStatus.UNPROCESSABLE_ENTITY
    assert answer.content_type == "application/problem+json"
