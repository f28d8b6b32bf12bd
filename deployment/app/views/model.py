"""`GET /model`: the champion, and what it stands on."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from flask import Flask

from deployment.app.api import Api, json_ready


def add(app: Flask, api: Api) -> None:
    """Add the address to `app`."""

    def model() -> dict[str, Any]:
        live, status = api.live, api.serving.status
        return {
            "model": live.model.as_dict(),
            "what_if_model": live.predictor_model.as_dict(),
            "promoted_at": live.promoted_at,
            "trained": None
            if live.trained is None
            else {"first": live.trained[0].isoformat(), "last": live.trained[1].isoformat()},
            "metrics": {name: json_ready(value) for name, value in live.metrics.items()},
            "origin": live.origin.isoformat(),
            "next_publications": [day.isoformat() for day in live.targets],
            "data_age_days": (api.today - live.origin).days,
            "fingerprint": live.published.fingerprint,
            "loaded_at": iso(status.loaded_at),
            "commodity": api.traits.name,
            "unit": api.traits.unit,
            "simulated": live.simulated,
            "degraded": [*status.reasons, *api.late(live)],
        }

    app.add_url_rule("/model", view_func=model, methods=["GET"])


def iso(time: datetime | None) -> str | None:
    """Return a time in ISO form."""
    return None if time is None else time.isoformat(timespec="seconds")
