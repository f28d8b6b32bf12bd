"""`GET /series`: what can be asked for."""

from __future__ import annotations

from typing import Any

from flask import Flask

from deployment.app.api import Api, json_ready
from deployment.app.live import Live


def add(app: Flask, api: Api) -> None:
    """Add the address to `app`."""

    def series() -> dict[str, Any]:
        live = api.live
        known = [_described(live, row) for row in range(len(live.panel.keys))]
        return {"columns": list(live.panel.columns), "series": known}

    app.add_url_rule("/series", view_func=series, methods=["GET"])


def _described(live: Live, row: int) -> dict[str, Any]:
    quoted = live.quoted_last(row)
    return {
        **dict(zip(live.panel.columns, live.panel.keys[row], strict=True)),
        "live": live.forecast[row],
        "last_price": json_ready(float(live.figures.last[row])),
        "last_quoted": None if quoted is None else quoted.isoformat(),
    }
