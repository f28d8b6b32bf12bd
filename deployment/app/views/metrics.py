"""`GET /metrics`: what Prometheus reads."""

from __future__ import annotations

from flask import Flask, Response

from deployment.app.telemetry import Telemetry

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"


def add(app: Flask, telemetry: Telemetry) -> None:
    """Add the address to `app`."""

    def metrics() -> Response:
        return Response(telemetry.text(), content_type=CONTENT_TYPE)

    app.add_url_rule("/metrics", view_func=metrics, methods=["GET"])
