"""The API's description, OpenAPI 3.1, from the models that validate requests."""

from __future__ import annotations

from typing import Any

from pydantic import TypeAdapter

from canasta.commodity import Traits
from deployment.app import schema
from deployment.app.keys import HEADER
from deployment.app.problems import KINDS, MEDIA_TYPE
from deployment.app.schema import MAX_ROWS

VERSION = "1.0.0"
JSON = "application/json"
REF = "#/components/schemas/{model}"
ANSWERS: dict[str, Any] = {
    "Answer": schema.Answer,
    "Answers": schema.Answers,
    "Forecasts": schema.Forecasts,
    "Health": schema.Health,
    "ModelInfo": schema.ModelInfo,
    "Problem": schema.Problem,
    "Ready": schema.Ready,
    "Reloaded": schema.Reloaded,
    "SeriesList": schema.SeriesList,
}
"""Models of answers by the name that they are referred to by."""

type Json = dict[str, Any]


OPERATORS = frozenset({"/metrics", "/admin/reload"})
"""What is there for operators alone."""


def description(
    traits: Traits, root: str = "", with_key: bool = True, operated: bool = True
) -> Json:
    """Return the description of the API for a commodity.

    Args:
        traits: of the commodity.
        root: path under which the API lies, such as a stage's `/default`.
        with_key: whether it asks for keys.
        operated: whether operators reach it, and what is there for them.
    """
    paths = _paths(traits)
    if not operated:
        paths = {path: methods for path, methods in paths.items() if path not in OPERATORS}
    if not with_key:
        for methods in paths.values():
            for operation in methods.values():
                _open(operation)
    return {
        "openapi": "3.1.0",
        "info": {
            "title": f"Canasta: {traits.title}",
            "version": VERSION,
            "description": f"Forecasts of daily prices, in {traits.unit}, with their uncertainty. "
            "Errors are RFC 9457 problem documents.",
            "license": {"name": "MIT", "identifier": "MIT"},
        },
        "servers": [{"url": root or "/"}],
        "paths": paths,
        "components": {
            "schemas": _schemas(traits),
            "securitySchemes": {
                "key": {"type": "apiKey", "in": "header", "name": HEADER},
                "admin": {"type": "apiKey", "in": "header", "name": HEADER},
            },
        },
    }


def _open(operation: Json) -> None:
    """Describe an operation as open, unless it is the admin's."""
    if operation.get("security") == [{"key": []}]:
        del operation["security"], operation["responses"]["401"]


def _schemas(traits: Traits) -> Json:
    adapters = {name: TypeAdapter(model) for name, model in ANSWERS.items()}
    adapters["Asked"] = schema.Schema.of(traits).row
    found, shared = TypeAdapter.json_schemas(
        [(name, "validation", adapter) for name, adapter in adapters.items()], ref_template=REF
    )
    schemas: Json = dict(shared.get("$defs", {}))
    for (name, _), one in found.items():
        schemas.setdefault(name, one)
    return dict(sorted(schemas.items()))


def _ref(name: str) -> Json:
    return {"$ref": REF.format(model=name)}


def _paths(traits: Traits) -> Json:
    return {
        "/predict": {"post": _predict(traits)},
        "/forecasts": {"get": _forecasts(traits)},
        "/series": {"get": _get("series", "The known series.", "SeriesList", "key")},
        "/model": {"get": _get("model", "The champion, its data and its age.", "ModelInfo", "key")},
        "/health": {"get": _get("health", "Alive.", "Health")},
        "/ready": {"get": _ready()},
        "/openapi.json": {"get": _page("openapi", "This description.", JSON, {"type": "object"})},
        "/docs": {"get": _page("docs", "A page to try it.", "text/html", {"type": "string"})},
        "/": {"get": _root()},
        "/metrics": {
            "get": _page("metrics", "What Prometheus reads.", "text/plain", {"type": "string"})
        },
        "/admin/reload": {"post": _reload()},
    }


def _predict(traits: Traits) -> Json:
    rows = {"type": "array", "items": _ref("Asked"), "maxItems": MAX_ROWS}
    example = dict.fromkeys(traits.keys.columns, "…")
    return {
        "operationId": "predict",
        "summary": "One forecast, or up to 1,000.",
        "description": _RULES.format(last=schema.Schema.of(traits).price.last),
        "security": [{"key": []}],
        "requestBody": {
            "required": True,
            "content": {
                JSON: {
                    "schema": {"anyOf": [_ref("Asked"), rows]},
                    "examples": {"next": {"value": example}},
                }
            },
        },
        "responses": {
            "200": _json(
                "The forecast, or the forecasts.", {"anyOf": [_ref("Answer"), _ref("Answers")]}
            ),
            **_problems(400, 401, 413, 415, 422, 429, 503),
        },
    }


_RULES = (
    "Without a date, the next publication. A date up to the last horizon: the first publication "
    "expected on or after it. With {last}, a what-if over one step, for any date. Labels are "
    "matched without regard to case, accents, spaces and a final plural s. Of a list, each row "
    "gets a forecast or a problem, in order."
)


def _forecasts(traits: Traits) -> Json:
    labels = [
        _parameter(column, {"type": "array", "items": {"type": "string"}}, "Any of these labels.")
        for column in traits.keys.columns
    ]
    horizon = {"type": "integer", "minimum": 1, "maximum": 6}
    return {
        "operationId": "forecasts",
        "summary": "The loaded forecasts, in the columns and digits of the daily report.",
        "security": [{"key": []}],
        "parameters": [
            *labels,
            _parameter("horizonte", horizon, "Publications ahead; all without it."),
            _parameter("horizon", horizon, "The same as horizonte."),
            _parameter("format", {"enum": ["json", "csv"]}, "In place of the Accept header."),
        ],
        "responses": {
            "200": {
                "description": "The forecasts.",
                "content": {
                    JSON: {"schema": _ref("Forecasts")},
                    "text/csv": {"schema": {"type": "string"}},
                },
            },
            **_problems(401, 422, 429, 503),
        },
    }


def _parameter(name: str, of: Json, description: str) -> Json:
    return {"name": name, "in": "query", "schema": of, "description": description}


def _get(name: str, summary: str, answer: str, key: str = "") -> Json:
    problems = _problems(401, 429, 503) if key else {}
    return {
        "operationId": name,
        "summary": summary,
        **({"security": [{key: []}]} if key else {}),
        "responses": {"200": _json(summary, _ref(answer)), **problems},
    }


def _ready() -> Json:
    ready = _get("ready", "Whether requests can be answered, and what is wrong.", "Ready")
    ready["responses"]["503"] = _json("They cannot.", _ref("Ready"))
    return ready


def _page(name: str, summary: str, media: str, content: Json) -> Json:
    answers = {"200": {"description": summary, "content": {media: {"schema": content}}}}
    limited = {} if name == "metrics" else _problems(429)
    return {"operationId": name, "summary": summary, "responses": {**answers, **limited}}


def _root() -> Json:
    headers = {"Location": {"schema": {"type": "string"}}}
    redirect = {"description": "To /docs.", "headers": headers}
    redirect["content"] = {"text/html": {"schema": {"type": "string"}}}
    responses = {"302": redirect, **_problems(429)}
    return {"operationId": "root", "summary": "To the docs.", "responses": responses}


def _reload() -> Json:
    return {
        "operationId": "reload",
        "summary": "Take up the promoted objects now, in every worker.",
        "security": [{"admin": []}],
        "responses": {
            "200": _json("What came of it.", _ref("Reloaded")),
            **_problems(401, 429),
        },
    }


def _json(summary: str, content: Json) -> Json:
    return {"description": summary, "content": {JSON: {"schema": content}}}


def _problems(*statuses: int) -> Json:
    return {str(status): _problem(status) for status in statuses}


def _problem(status: int) -> Json:
    kinds = [kind for kind in KINDS.values() if int(kind.status) == status]
    told = "; ".join(f"{kind.slug}: {kind.title}" for kind in kinds)
    return {"description": told, "content": {MEDIA_TYPE: {"schema": _ref("Problem")}}}
