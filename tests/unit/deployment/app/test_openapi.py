"""The description: of all there is, and no other than what validates."""

from html.parser import HTMLParser
from http import HTTPStatus
from typing import Any

import pytest
from flask.testing import FlaskClient
from jsonschema import Draft202012Validator

from canasta.commodity import load_traits
from canasta.settings import Settings
from deployment.app.application import create_app
from deployment.app.live import Live
from deployment.app.openapi import description
from tests.unit.deployment.app.test_requests_table import GUADALAJARA, TABLE, Wrong
from tests.unit.deployment.serve import FixedServing

MEANT = {
    "unknown-label", "not-quoted", "past-date", "beyond-horizon", "partial-date",
    "contradicting-dates",
}  # fmt: skip
"""Problems of requests that have the right form."""
SAID_BY_NO_SCHEMA = {
    "31 June", "29 February of no leap year", "31 June in ISO form", "what if, on no day",
    "a mean alone", "NaN",
}  # fmt: skip
"""Requests that are wrong in a way that a schema cannot say, or JSON cannot hold."""


@pytest.fixture(scope="module")
def described() -> dict[str, Any]:
    return description(load_traits("milk"), with_key=False)


def validator(described: dict[str, Any], schema: dict[str, Any]) -> Draft202012Validator:
    return Draft202012Validator({**schema, "components": described["components"]})


def test_every_address_and_method_is_described_and_nothing_else(
    client: FlaskClient, described: dict[str, Any]
) -> None:
    routes = {
        (rule.rule, method.lower())
        for rule in client.application.url_map.iter_rules()
        for method in (rule.methods or set()) - {"HEAD"}
    }
    assert routes == {(path, one) for path, own in described["paths"].items() for one in own}


def test_nothing_is_described_that_is_not_there_where_no_operator_comes(live: Live) -> None:
    app = create_app(Settings(auth="open"), FixedServing(live), operated=False)
    addresses = {rule.rule for rule in app.url_map.iter_rules()}
    described = app.test_client().get("/openapi.json").json
    assert described is not None
    assert described["paths"].keys() == addresses
    assert addresses & {"/metrics", "/admin/reload"} == set()


def test_all_references_lead_somewhere_and_all_schemas_are_valid(
    described: dict[str, Any],
) -> None:
    def references(node: Any) -> list[str]:
        if isinstance(node, dict):
            here = [node["$ref"]] if "$ref" in node else []
            return here + [ref for value in node.values() for ref in references(value)]
        return (
            [ref for value in node for ref in references(value)] if isinstance(node, list) else []
        )

    known = {f"#/components/schemas/{name}" for name in described["components"]["schemas"]}
    assert set(references(described)) <= known
    for schema in described["components"]["schemas"].values():
        Draft202012Validator.check_schema(schema)


@pytest.mark.parametrize("name", TABLE)
def test_requests_of_the_right_form_are_those_that_are_described(
    described: dict[str, Any], name: str
) -> None:
    asked, expected = TABLE[name]
    body = described["paths"]["/predict"]["post"]["requestBody"]["content"]["application/json"]
    has_form = validator(described, body["schema"]).is_valid(asked)
    if not isinstance(expected, Wrong) or expected.kind in MEANT:
        assert has_form
    elif name not in SAID_BY_NO_SCHEMA:
        assert not has_form


@pytest.mark.parametrize("path", ["/forecasts", "/series", "/model", "/health", "/ready"])
def test_answers_are_as_described(
    client: FlaskClient, described: dict[str, Any], path: str
) -> None:
    answer = client.get(path)
    told = described["paths"][path]["get"]["responses"][str(answer.status_code)]["content"]
    assert (
        list(validator(described, told["application/json"]["schema"]).iter_errors(answer.json))
        == []
    )


def test_predictions_are_as_described(client: FlaskClient, described: dict[str, Any]) -> None:
    told = described["paths"]["/predict"]["post"]["responses"]["200"]["content"]
    checked = validator(described, told["application/json"]["schema"])
    for asked in (GUADALAJARA, [GUADALAJARA, {}]):
        assert list(checked.iter_errors(client.post("/predict", json=asked).json)) == []


def test_description_and_redirect_know_the_prefix(client: FlaskClient) -> None:
    below = {"SCRIPT_NAME": "/default"}
    answer = client.get("/openapi.json", environ_overrides=below)
    assert answer.json is not None
    assert answer.json["servers"] == [{"url": "/default"}]
    assert client.get("/openapi.json").json["servers"] == [{"url": "/"}]  # type: ignore[index] # as above
    root = client.get("/", environ_overrides=below)
    assert (root.status_code, root.headers["Location"]) == (HTTPStatus.FOUND, "/default/docs")


class Links(HTMLParser):
    """Collects what a page loads or leads to."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.found: list[str] = []
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        del tag
        self.found += [value or "" for name, value in attrs if name in ("src", "href", "action")]


def test_docs_load_nothing_from_elsewhere(client: FlaskClient) -> None:
    answer = client.get("/docs")
    assert set(Links(answer.text).found) == {"openapi.json"}
    assert "//" not in answer.text.replace("https://", "//").split("<script>")[0]
    policy = answer.headers["Content-Security-Policy"]
    assert "default-src 'none'" in policy
    assert "connect-src 'self'" in policy
    assert "unsafe" not in policy
