"""`POST /admin/reload`: take up the promoted objects now."""

from __future__ import annotations

from typing import Any

from flask import Flask, request

from deployment.app.api import Api
from deployment.app.keys import HEADER, Keys
from deployment.app.problems import ProblemError


def add(app: Flask, api: Api, keys: Keys) -> None:
    """Add the address to `app`, for whoever has one of `keys`."""

    def reload() -> dict[str, Any]:
        if keys.admit(request.headers.get(HEADER)) is None:
            raise ProblemError("unauthorized", f"This needs the admin's key in {HEADER}.")
        outcome = api.serving.reload_everywhere()
        return {
            "changed": outcome.changed,
            "version": outcome.version,
            "problem": outcome.problem,
        }

    app.add_url_rule("/admin/reload", view_func=reload, methods=["POST"])
