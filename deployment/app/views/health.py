"""`GET /health` and `GET /ready`: alive, and able to answer."""

from __future__ import annotations

from http import HTTPStatus
from typing import Any

from flask import Flask

from deployment.app.api import Api
from deployment.app.views.model import iso


def add(app: Flask, api: Api) -> None:
    """Add the addresses to `app`."""

    def health() -> dict[str, str]:
        return {"status": "alive"}

    def ready() -> tuple[dict[str, Any], HTTPStatus]:
        status, live = api.serving.status, api.serving.live
        late = () if live is None else api.late(live)
        reasons = [*status.reasons, *late]
        degraded = status.ready and bool(reasons)
        stands = ("degraded" if degraded else "ready") if status.ready else "not-ready"
        content = {
            "status": stands,
            "ready": status.ready,
            "degraded": degraded,
            "reasons": reasons,
            "version": status.version,
            "origin": None if live is None else live.origin.isoformat(),
            "loaded_at": iso(status.loaded_at),
            "looked_at": iso(status.looked_at),
        }
        return content, HTTPStatus.OK if status.ready else HTTPStatus.SERVICE_UNAVAILABLE

    app.add_url_rule("/health", view_func=health, methods=["GET"])
    app.add_url_rule("/ready", view_func=ready, methods=["GET"])
