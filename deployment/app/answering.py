"""From the body of a request to its answer: parse, check, find, look up; or work a what-if out."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

from pydantic import ValidationError
from pydantic_core import from_json

from canasta.commodity import Traits
from deployment.app.api import Api
from deployment.app.dates import Asked, aim, existing, weekday_warnings
from deployment.app.live import Live, closed, open_json
from deployment.app.matching import find
from deployment.app.problems import Problem, ProblemError
from deployment.app.schema import (
    DATE,
    DATE_FIELDS,
    DAY,
    MAX_ROWS,
    MONTH,
    PLAIN_DAY,
    PLAIN_YEAR,
    WEEKDAY,
    YEAR,
    Schema,
    degraded,
)
from deployment.app.whatif import Supposed, what_if

SHOWN_ERRORS = 10
"""Errors of one row that are told."""
SHOWN_CHARACTERS = 100
"""Of a field's name, which may be anything."""
SPACE = b" \t\r\n"
NO_DATE = Asked()
NO_SUCH_DAY = frozenset({"greater_than_equal", "less_than_equal", "int_parsing_size"})
"""What pydantic calls a number that is out of range."""


@dataclass(frozen=True, slots=True)
class Answered:
    """One answer.

    Attributes:
        text: as JSON.
        told: members of the log line, as JSON: what was asked and what was answered.
        version: of the model that answered.
    """

    text: str
    told: str
    version: int


class Answerer:
    """Answers the bodies of requests.

    Args:
        api: settings, what is served, the time.
    """

    def __init__(self, api: Api) -> None:
        self._api = api
        self._schema = Schema.of(api.traits)

    def answer(self, body: bytes) -> Answered:
        """Answer one object, or a list of them.

        Raises:
            ProblemError: the body is no JSON, or asks for what cannot be answered; in a list,
                such a row gets its problem in its place.
        """
        live = self._api.live
        common = self._api.common(live)
        if body.lstrip(SPACE)[:1] == b"[":
            return self._answers(live, body, common)
        try:
            row = self._schema.row.validate_json(body)
        except ValidationError as error:
            raise _problem(error) from None
        return self._one(live, row, common)

    def _answers(self, live: Live, body: bytes, common: tuple[str, ...]) -> Answered:
        try:
            rows = from_json(body)
        except ValueError as error:
            raise ProblemError("not-json", f"The body is not JSON: {error}.") from None
        if len(rows) > MAX_ROWS:
            raise ProblemError(
                "invalid-request",
                f"A list may hold {MAX_ROWS} rows, this one has {len(rows)}. Send several.",
            )
        texts, problems = [], 0
        for given in rows:
            try:
                texts.append(self._one(live, self._checked(given), common).text)
            except ProblemError as error:
                texts.append(_compact(error.problem.as_dict()))
                problems += 1
        told = f'"rows":{len(rows)},"problems":{problems}'
        return Answered(f'{{"predictions":[{",".join(texts)}]}}', told, live.model.version)

    def _checked(self, given: object) -> dict[str, Any]:
        try:
            return self._schema.row.validate_python(given)
        except ValidationError as error:
            raise _problem(error) from None

    def _one(self, live: Live, row: dict[str, Any], common: tuple[str, ...]) -> Answered:
        found = find(live.directory, tuple([row[column] for column in self._schema.columns]))
        _check_is_forecast(live, found.row)
        asked = _asked(row) if len(row) > len(self._schema.columns) else NO_DATE
        supposed = _supposed(row, self._schema, self._api.traits)
        if supposed is None:
            text, price, warnings = _looked_up(live, found.row, asked)
            version = live.model.version
        else:
            text, price, warnings = _worked_out(live, found.row, asked, supposed)
            version = live.predictor_model.version
        told = f'"series":{live.names[found.row]},"answer":{price}'
        return Answered(closed(text, found.warnings + warnings + common), told, version)


type Found = tuple[str, float, tuple[str, ...]]
"""An answer as JSON that is open at its end, its price, and warnings."""


def _looked_up(live: Live, row: int, asked: Asked) -> Found:
    aimed = aim(asked, live.origin, live.targets)
    at = aimed.horizon - 1
    return live.texts[row][at], live.answers[row][at]["predicted_price"], aimed.warnings


def _worked_out(live: Live, row: int, asked: Asked, supposed: Supposed) -> Found:
    target = asked.date or live.targets[0]
    answer = what_if(live, row, supposed, target)
    warnings = weekday_warnings(asked, target) + degraded(live.degraded_what_ifs)
    return open_json(answer), answer["predicted_price"], warnings


def _check_is_forecast(live: Live, row: int) -> None:
    if live.forecast[row]:
        return
    last = live.quoted_last(row)
    labels = ", ".join(live.panel.keys[row])
    past = "was never quoted" if last is None else f"is not quoted often enough, last on {last},"
    raise ProblemError(
        "not-quoted", f"{labels} {past} and is not forecast. GET /series lists the live series."
    )


def _asked(row: dict[str, Any]) -> Asked:
    fecha = row.get(DATE)
    return Asked(
        fecha=None if fecha is None else existing(fecha),
        day=_either(row, DAY, PLAIN_DAY),
        month=row.get(MONTH),
        year=_either(row, YEAR, PLAIN_YEAR),
        weekday=row.get(WEEKDAY),
    )


def _either(row: dict[str, Any], name: str, plain: str) -> int | None:
    """Return a number that a row may give under two names."""
    value, other = row.get(name), row.get(plain)
    if value is not None and other is not None and value != other:
        raise ProblemError(
            "contradicting-dates", f"{name} says {value}, {plain} says {other}. Send one of them."
        )
    found: int | None = other if value is None else value
    return found


def _supposed(row: dict[str, Any], schema: Schema, traits: Traits) -> Supposed | None:
    """Return the prices that a row supposes; None where it supposes none."""
    last, recent = row.get(schema.price.last), row.get(schema.price.recent)
    if last is None:
        if recent is None:
            return None
        raise ProblemError(
            "invalid-request",
            f"{schema.price.recent} is a what-if's, together with {schema.price.last}, which is "
            "missing. Add it, or leave both out for the forecast.",
            field=schema.price.recent,
        )
    for name, price in ((schema.price.last, last), (schema.price.recent, recent)):
        if price is not None and not traits.plausible.low <= price <= traits.plausible.high:
            raise ProblemError(
                "implausible-price",
                f"{name} must lie from {traits.plausible.low:g} to {traits.plausible.high:g} "
                f"{traits.unit}, got {price:g}.",
                field=name,
            )
    return Supposed(last, recent)


def _problem(error: ValidationError) -> ProblemError:
    """Turn what pydantic says into a problem that repeats nothing of the input but names."""
    found = error.errors(include_url=False, include_input=False, include_context=False)
    first = found[0]
    if first["type"] == "json_invalid":
        return ProblemError("not-json", f"{first['msg']}. Send one JSON object, or a list.")
    if first["type"] == "dict_type":
        return ProblemError("invalid-request", "Expected an object, got none. GET /docs shows one.")
    told = [
        {"field": str(one["loc"][0])[:SHOWN_CHARACTERS], "detail": one["msg"]}
        for one in found[:SHOWN_ERRORS]
    ]
    said = "; ".join(f"{one['field']}: {one['detail']}" for one in told)
    is_date = all(one["type"] in NO_SUCH_DAY and one["loc"][0] in DATE_FIELDS for one in found)
    slug = "invalid-date" if is_date else "invalid-request"
    return ProblemError(slug, f"{said}. GET /docs describes a request.", errors=told)


def problem_text(problem: Problem, request_id: str) -> str:
    """Return a problem document as JSON, with the id of the request that had it."""
    return _compact({**problem.as_dict(), "request_id": request_id})


def _compact(content: dict[str, Any]) -> str:
    return json.dumps(content, ensure_ascii=False, separators=(",", ":"))
