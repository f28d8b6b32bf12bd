"""The application: who may ask, what there is to ask, and what an error looks like."""

from __future__ import annotations

import logging
from collections.abc import Callable
from datetime import UTC, datetime
from functools import partial
from http import HTTPStatus
from typing import Any

from flask import Flask, Response, request
from flask.sessions import SessionInterface, SessionMixin
from werkzeug.exceptions import HTTPException, MethodNotAllowed, TooManyRequests
from werkzeug.wrappers import Response as AnyResponse

from canasta.errors import SettingsError
from canasta.settings import Settings
from deployment.app import limits, requests
from deployment.app.answering import problem_text
from deployment.app.api import Api, Served
from deployment.app.keys import HEADER, Keys
from deployment.app.problems import BY_STATUS, KINDS, MEDIA_TYPE, Problem, ProblemError
from deployment.app.schema import MAX_BYTES
from deployment.app.views import admin, docs, forecasts, health, model, predict, series

log = logging.getLogger(__name__)

WITH_KEY = frozenset({"predict", "forecasts", "series", "model"})
"""Endpoints that ask for a key, where AUTH says so; the admin's asks for its own."""

UNLIMITED = frozenset({"health", "ready", "metrics"})
"""Endpoints that watchers ask as often as they like."""

RETRY_AFTER_S = 5


def _now() -> datetime:
    return datetime.now(UTC)


class _Application(Flask):
    """Flask without asynchronous views, which it would look for at every step."""

    def ensure_sync(self, func: Callable[..., Any]) -> Callable[..., Any]:
        """Return `func`, which is no coroutine."""
        return func


class _NoSessions(SessionInterface):
    def open_session(self, app: Flask, request: object) -> SessionMixin | None:  # noqa: ARG002 # Flask's
        return None


def create_app(
    settings: Settings,
    serving: Served,
    clock: Callable[[], datetime] = _now,
    *,
    operated: bool = True,
) -> Flask:
    """Return the application.

    Args:
        settings: who may ask, and how often; which commodity.
        serving: what answers requests.
        clock: returns the time, with its zone.
        operated: whether there are /metrics and /admin/reload, which no API Gateway leads to.

    Raises:
        SettingsError: keys are asked for, and there is none.
    """
    _check(settings)
    app = _Application(__name__, static_folder=None)
    # One byte more: Werkzeug cuts a body without a length off at the limit, and does not say so.
    app.config.update(MAX_CONTENT_LENGTH=MAX_BYTES + 1, PROVIDE_AUTOMATIC_OPTIONS=False)
    app.json.sort_keys = False  # type: ignore[attr-defined] # of Flask's own provider
    app.json.ensure_ascii = False  # type: ignore[attr-defined] # the same
    app.url_map.merge_slashes = False
    app.session_interface = _NoSessions()
    api = Api(settings.load_traits(), serving, clock)
    count = _add_metrics(app, api) if operated else None
    app.wsgi_app = requests.Recorded(app.wsgi_app, count, lambda: serving.status.version)  # type: ignore[assignment, method-assign] # as Flask says
    _tell_problems(app, _ask_for_keys(app, settings))
    for group in (predict, forecasts, series, model, health):
        group.add(app, api)
    docs.add(app, api, with_key=settings.auth == "key", operated=operated)
    if operated:
        admin.add(app, api, Keys([settings.admin_key_hash] if settings.admin_key_hash else []))
    return app


def _check(settings: Settings) -> None:
    if settings.auth == "key" and not settings.api_key_hashes:
        raise SettingsError(
            "AUTH=key needs API_KEY_HASHES, the SHA-256 of each key that may ask. Make a key with "
            "`openssl rand -hex 32` and its hash with `printf %s <key> | sha256sum`; or set "
            "AUTH=open to let in whoever reaches the address."
        )


def _add_metrics(app: Flask, api: Api) -> requests.Count:
    from deployment.app import telemetry  # noqa: PLC0415 # Lambda does without
    from deployment.app.views import metrics  # noqa: PLC0415 # the same

    counted = telemetry.Telemetry(api)
    metrics.add(app, counted)
    return counted.count


def _ask_for_keys(app: Flask, settings: Settings) -> limits.Wait | None:
    """Name who asks, limit how often, and then turn away whoever may not ask at all."""
    keys = Keys(settings.api_key_hashes) if settings.auth == "key" else None

    def name() -> None:
        record = requests.current()
        record.endpoint = request.endpoint or requests.NOWHERE
        if keys is not None:
            record.asker = keys.admit(request.headers.get(HEADER))

    def turn_away() -> None:
        if requests.current().asker is None and request.endpoint in WITH_KEY:
            raise ProblemError("unauthorized", f"Send your key in the header {HEADER}.")

    app.before_request(name)
    wait = limits.install(app, settings, UNLIMITED)
    if keys is not None:
        app.before_request(turn_away)
    return wait


def _tell_problems(app: Flask, wait: limits.Wait | None) -> None:
    if wait is not None:
        app.register_error_handler(TooManyRequests, partial(_too_many, wait))
    app.register_error_handler(MethodNotAllowed, _not_allowed)
    app.register_error_handler(ProblemError, _told)
    app.register_error_handler(HTTPException, _of_http)
    app.register_error_handler(Exception, _unexpected)


def _too_many(wait: limits.Wait, error: TooManyRequests) -> Response:
    detail = f"At most {error.description} may come. Wait, as Retry-After says."
    response = _document(Problem(KINDS["too-many-requests"], detail))
    response.headers["Retry-After"] = str(wait())
    return response


def _told(error: ProblemError) -> Response:
    return _document(error.problem)


def _document(problem: Problem) -> Response:
    status = int(problem.kind.status)
    record = requests.current()
    record.told = f'"problem":"{problem.kind.slug}"'
    response = Response(problem_text(problem, record.id), status=status, content_type=MEDIA_TYPE)
    if problem.kind.slug == "unauthorized":
        response.headers["WWW-Authenticate"] = f'ApiKey header="{HEADER}"'
    if problem.kind.slug == "not-ready":
        response.headers["Retry-After"] = str(RETRY_AFTER_S)
    return response


_DETAILS = {
    "not-found": "There is no such address. GET /docs lists those there are.",
    "too-large": f"A body may hold {MAX_BYTES // 1024} KiB. Send several requests.",
    "bad-request": "The request cannot be read. GET /docs describes requests.",
}


def _not_allowed(error: MethodNotAllowed) -> Response:
    allowed = ", ".join(sorted(error.valid_methods or ()))
    detail = f"This address takes {allowed}."
    response = _document(Problem(KINDS["method-not-allowed"], detail))
    response.headers["Allow"] = allowed
    return response


def _of_http(error: HTTPException) -> AnyResponse:
    """Tell an error of Flask's own, of which the status says it all."""
    status = error.code or HTTPStatus.INTERNAL_SERVER_ERROR
    if status < HTTPStatus.BAD_REQUEST:  # a redirect
        return error.get_response()
    is_ours = status >= HTTPStatus.INTERNAL_SERVER_ERROR
    slug = BY_STATUS.get(status, "internal-error" if is_ours else "bad-request")
    return _document(Problem(KINDS[slug], _DETAILS.get(slug, KINDS[slug].title)))


def _unexpected(error: Exception) -> Response:
    log.error("request %s failed", requests.current().id, exc_info=error)
    detail = f"The error is on our side; its number is {requests.current().id}."
    return _document(Problem(KINDS["internal-error"], detail))
