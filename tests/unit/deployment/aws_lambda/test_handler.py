import base64
import json
from copy import deepcopy
from typing import Any

import pytest
from flask import Flask, redirect, request, url_for
from werkzeug.wrappers import Response

from canasta.settings import ROOT
from deployment.aws_lambda.handler import Event, Handler, make_handler

EVENTS = ROOT / "deployment" / "aws_lambda" / "events"
EARLIER_REQUEST = {
    "Estado": "Jalisco",
    "Ciudad": "Guadalajara",
    "Tipo": "Pasteurizada",
    "Canal": "Autoservicio",
    "día": 1,
    "mes": 8,
    "año": 2025,
    "dia_semana": "4",
    "Precio_lag1": 23.5,
    "Precio_mean7": 23.1,
}


def echoing() -> Flask:
    """An application that tells what it was asked."""
    app = Flask(__name__)

    @app.get("/")
    def home() -> Response:
        return redirect(url_for("docs"))

    @app.get("/docs")
    def docs() -> str:
        return "docs"

    @app.route("/predict", methods=["GET", "POST"])
    def predict() -> dict[str, Any]:
        return {
            "path": request.path,
            "root": request.root_path,
            "url": request.url,
            "body": request.get_data(as_text=True),
            "id": request.headers.get("X-Request-ID"),
            "sender": request.remote_addr,
            "query": request.args.to_dict(flat=False),
        }

    return app


def stored(name: str) -> Event:
    event: Event = json.loads((EVENTS / f"{name}.json").read_text(encoding="utf-8"))
    return event


def asking(path: str, stage: str, **changes: Any) -> Event:
    event = deepcopy(stored("predict"))
    event["rawPath"] = event["requestContext"]["http"]["path"] = path
    event["requestContext"]["stage"] = stage
    event["requestContext"]["http"]["method"] = "GET"
    return {**event, **changes}


@pytest.fixture
def handler() -> Handler:
    return make_handler(echoing(), lambda: None)


def body_of(answer: dict[str, Any]) -> dict[str, Any]:
    assert answer["statusCode"] == 200
    body: dict[str, Any] = json.loads(answer["body"])
    return body


@pytest.mark.parametrize("name", ["predict", "predict-stage"])
def test_the_stored_events_hold_the_earlier_systems_request(name: str) -> None:
    assert json.loads(stored(name)["body"]) == EARLIER_REQUEST


def test_one_stored_event_has_the_stage_in_its_path_and_one_has_not() -> None:
    assert stored("predict-stage")["rawPath"] == "/default/predict"
    assert stored("predict")["rawPath"] == "/predict"


@pytest.mark.parametrize(("name", "root"), [("predict", ""), ("predict-stage", "/default")])
def test_the_application_sees_one_path_with_and_without_a_stage(
    handler: Handler, name: str, root: str
) -> None:
    seen = body_of(handler(stored(name), None))
    assert seen["path"] == "/predict"
    assert seen["root"] == root
    assert seen["url"] == f"https://example.execute-api.us-east-1.amazonaws.com{root}/predict"
    assert json.loads(seen["body"]) == EARLIER_REQUEST
    assert seen["sender"] == "203.0.113.7"


def test_a_stage_whose_domain_hides_it_changes_nothing(handler: Handler) -> None:
    assert body_of(handler(asking("/predict", "default"), None))["root"] == ""


@pytest.mark.parametrize("path", ["/defaultpredict", "/predict/default", "/DEFAULT/predict"])
def test_a_path_that_only_resembles_the_stage_is_left_alone(handler: Handler, path: str) -> None:
    assert handler(asking(path, "default"), None)["statusCode"] == 404


def test_the_stage_is_taken_off_once(handler: Handler) -> None:
    assert handler(asking("/default/default/predict", "default"), None)["statusCode"] == 404


@pytest.mark.parametrize("path", ["/default", "/default/"])
def test_redirects_lead_below_the_stage(handler: Handler, path: str) -> None:
    answer = handler(asking(path, "default"), None)
    assert answer["statusCode"] == 302
    assert answer["headers"]["location"] == "/default/docs"


def test_a_body_in_base64_is_decoded(handler: Handler) -> None:
    event = stored("predict")
    event["body"] = base64.b64encode(event["body"].encode()).decode()
    event["isBase64Encoded"] = True
    assert json.loads(body_of(handler(event, None))["body"]) == EARLIER_REQUEST


def test_a_query_keeps_its_repeated_names(handler: Handler) -> None:
    event = asking("/predict", "$default", rawQueryString="Tipo=A&Tipo=B&Estado=M%C3%A9xico")
    assert body_of(handler(event, None))["query"] == {"Tipo": ["A", "B"], "Estado": ["México"]}


@pytest.mark.parametrize("path", ["/default/中", "/default/é", "/default/%E4%B8%AD", "/中/predict"])
def test_a_path_in_any_script_is_only_not_found(handler: Handler, path: str) -> None:
    assert handler(asking(path, "default"), None)["statusCode"] == 404


def test_a_query_that_comes_decoded_is_read(handler: Handler) -> None:
    event = asking("/predict", "$default", rawQueryString="Ciudad=Cancún&Estado=中")
    assert body_of(handler(event, None))["query"] == {"Ciudad": ["Cancún"], "Estado": ["中"]}


def test_the_gateways_number_is_the_requests_unless_the_sender_gave_one(handler: Handler) -> None:
    assert body_of(handler(stored("predict"), None))["id"] == "JKJaXmPLvHcESHA"
    event = stored("predict")
    event["headers"]["x-request-id"] = "mine"
    assert body_of(handler(event, None))["id"] == "mine"


def test_each_event_looks_for_something_newer_before_it_is_answered() -> None:
    order: list[str] = []
    app = echoing()
    app.before_request(lambda: order.append("answered"))
    handler = make_handler(app, lambda: order.append("looked"))
    handler(stored("predict"), None)
    handler(stored("predict"), None)
    assert order == ["looked", "answered"] * 2
