"""Requests made from the description alone, right and wrong: no answer may be undescribed."""

from __future__ import annotations

from typing import Any

import pytest
import schemathesis
from flask import Flask
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from schemathesis import Case, GenerationMode
from schemathesis.checks import not_a_server_error
from schemathesis.core.result import Ok
from schemathesis.schemas import APIOperation
from schemathesis.specs.openapi import checks

from canasta.settings import Settings
from deployment.app.application import create_app
from deployment.app.live import Live
from tests.unit.deployment import serve

CASES, MANY_CASES = 60, 1_400
"""For each address that takes something, right and wrong."""

CHECKS = (
    not_a_server_error,
    checks.status_code_conformance,
    checks.content_type_conformance,
    checks.response_headers_conformance,
    checks.response_schema_conformance,
)


@pytest.fixture(scope="module")
def app(live: Live) -> Flask:
    return create_app(Settings(auth="open"), serve.FixedServing(live), serve.noon(live.origin))


ADDRESSES = 10
"""That are tried: all but that of the description itself."""


def operations(app: Flask, mode: GenerationMode) -> list[APIOperation[Any, Any, Any, Any]]:
    """All addresses; to be asked wrongly, those that take something."""
    schema = schemathesis.openapi.from_wsgi("/openapi.json", app)
    found = [one.ok() for one in schema.get_all_operations() if isinstance(one, Ok)]
    assert len(found) == ADDRESSES
    if mode is GenerationMode.POSITIVE:
        return found
    return [one for one in found if {"parameters", "requestBody"} & one.definition.raw.keys()]


def with_known_labels(body: Any, key: tuple[str, ...], columns: tuple[str, ...]) -> Any:
    """Let a body ask for a series that there is, as the description cannot."""
    if isinstance(body, list):
        return [with_known_labels(row, key, columns) for row in body]
    if isinstance(body, dict) and set(columns) <= body.keys():
        return body | dict(zip(columns, key, strict=True))
    return body


def ask(app: Flask, live: Live, cases: int, mode: GenerationMode) -> int:
    """Ask every address `cases` times, and check each answer; return how often it asked."""
    asked = 0
    for operation in operations(app, mode):

        @settings(
            max_examples=cases, deadline=None, database=None, derandomize=True,
            suppress_health_check=list(HealthCheck),
        )  # fmt: skip
        @given(
            case=operation.as_strategy(generation_mode=mode),
            key=st.none() | st.sampled_from(live.panel.keys),
        )
        def each(case: Case[Any], key: tuple[str, ...] | None) -> None:
            nonlocal asked
            asked += 1
            if key is not None and mode is GenerationMode.POSITIVE:
                case.body = with_known_labels(case.body, key, live.panel.columns)
            # Of a list, each wrong row gets its problem, and the list is accepted.
            refused = () if isinstance(case.body, list) else (checks.negative_data_rejection,)
            case.call_and_validate(checks=[*CHECKS, *refused])

        each()
    return asked


@pytest.mark.parametrize("mode", [GenerationMode.POSITIVE, GenerationMode.NEGATIVE])
def test_no_request_gets_an_answer_that_is_not_described(
    app: Flask, live: Live, mode: GenerationMode
) -> None:
    assert ask(app, live, CASES, mode) >= 2 * CASES


@pytest.mark.slow
def test_five_thousand_requests_get_described_answers(app: Flask, live: Live) -> None:
    modes = (GenerationMode.POSITIVE, GenerationMode.NEGATIVE)
    assert sum(ask(app, live, MANY_CASES, mode) for mode in modes) >= 5_000
