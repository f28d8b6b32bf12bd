"""`POST /predict`: one forecast, or many."""

from __future__ import annotations

from flask import Flask, Response, request
from werkzeug.exceptions import RequestEntityTooLarge

from deployment.app import requests
from deployment.app.answering import Answerer
from deployment.app.api import Api
from deployment.app.problems import ProblemError
from deployment.app.schema import MAX_BYTES

JSON = "application/json"


def add(app: Flask, api: Api) -> None:
    """Add the address to `app`."""
    answerer = Answerer(api)

    def predict() -> Response:
        if request.mimetype != JSON:
            raise ProblemError(
                "not-json-type",
                f"Send the body as {JSON}, and say so in the Content-Type; curl does with --json.",
            )
        body = request.get_data(cache=False)
        if len(body) > MAX_BYTES:
            raise RequestEntityTooLarge
        answered = answerer.answer(body)
        record = requests.current()
        record.told, record.version = answered.told, answered.version
        return Response(answered.text, content_type=JSON)

    app.add_url_rule("/predict", view_func=predict, methods=["POST"])
