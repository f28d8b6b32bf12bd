"""`GET /docs`, `GET /openapi.json`, `GET /`: the description, and a page to try it."""

from __future__ import annotations

import base64
import json
import re
from functools import lru_cache
from hashlib import sha256
from pathlib import Path

from flask import Flask, Response, redirect, request, url_for
from werkzeug.wrappers import Response as AnyResponse

from deployment.app.api import Api
from deployment.app.openapi import description

PAGE = Path(__file__).parent / "docs.html"


def add(app: Flask, api: Api, with_key: bool, operated: bool) -> None:
    """Add the addresses to `app`; it asks for keys or not, and operators reach it or not."""
    page = PAGE.read_text(encoding="utf-8")
    policy = _policy(page)

    @lru_cache(maxsize=4)
    def described(root: str) -> str:
        return json.dumps(description(api.traits, root, with_key, operated), ensure_ascii=False)

    def openapi() -> Response:
        return Response(described(request.script_root), content_type="application/json")

    def docs() -> Response:
        headers = {"Content-Security-Policy": policy}
        return Response(page, content_type="text/html; charset=utf-8", headers=headers)

    def root() -> AnyResponse:
        return redirect(url_for("docs"))

    app.add_url_rule("/openapi.json", view_func=openapi, methods=["GET"])
    app.add_url_rule("/docs", view_func=docs, methods=["GET"])
    app.add_url_rule("/", view_func=root, methods=["GET"])


def _policy(page: str) -> str:
    """Allow the page its own script and style, by their hashes, and its own host."""
    script, style = (_hash(page, tag) for tag in ("script", "style"))
    return (
        f"default-src 'none'; script-src '{script}'; style-src '{style}'; connect-src 'self'; "
        "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    )


def _hash(page: str, tag: str) -> str:
    content = re.findall(rf"<{tag}>(.*?)</{tag}>", page, re.DOTALL)[0]
    return f"sha256-{base64.b64encode(sha256(content.encode()).digest()).decode()}"
