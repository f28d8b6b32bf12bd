"""How often one may ask."""

import logging
from hashlib import sha256
from http import HTTPStatus

import pytest
from flask.testing import FlaskClient

from canasta.errors import SettingsError
from canasta.settings import Settings
from deployment.app.live import Live
from tests.unit.deployment import serve

KEYS = ("1" * 64, "2" * 64)
FINE, OFTEN = HTTPStatus.OK, HTTPStatus.TOO_MANY_REQUESTS


def asked(client: FlaskClient, times: int, **headers: str) -> list[int]:
    return [client.get("/model", headers=headers).status_code for _ in range(times)]


def test_each_key_has_a_limit_of_its_own_for_all_addresses(live: Live) -> None:
    hashes = tuple(sha256(key.encode()).hexdigest() for key in KEYS)
    client = serve.client(live, Settings(api_key_hashes=hashes, rate_limit="3/hour"))
    first, second = ({"X-API-Key": key} for key in KEYS)
    assert client.get("/series", headers=first).status_code == FINE
    assert asked(client, 3, **first) == [FINE, FINE, OFTEN]
    assert asked(client, 1, **second) == [FINE]
    refused = client.get("/model", headers=first)
    assert refused.content_type == "application/problem+json"
    assert 0 < int(refused.headers["Retry-After"]) <= 3600
    assert refused.json is not None
    assert "3 per 1 hour" in refused.json["detail"]


def test_whoever_has_no_key_is_limited_by_address(live: Live) -> None:
    client = serve.client(live, Settings(auth="open", rate_limit="2/hour"))
    assert asked(client, 3) == [FINE, FINE, OFTEN]
    other = client.get("/model", environ_overrides={"REMOTE_ADDR": "127.0.0.2"})
    assert other.status_code == FINE


def test_watchers_are_not_limited(live: Live) -> None:
    client = serve.client(live, Settings(auth="open", rate_limit="1/hour"))
    for path in ("/health", "/ready", "/metrics"):
        assert [client.get(path).status_code for _ in range(3)] == [FINE] * 3


def test_loopback_is_not_limited_unless_said(live: Live) -> None:
    assert asked(serve.client(live), 700) == [FINE] * 700
    public = serve.client(live, Settings(auth="open", host="0.0.0.0"))  # noqa: S104 # not bound
    assert asked(public, 601) == [FINE] * 600 + [OFTEN]


def test_redis_that_is_gone_is_replaced_by_memory_and_told_once(
    live: Live, caplog: pytest.LogCaptureFixture
) -> None:
    settings = Settings(
        auth="open", rate_limit="4/hour", rate_limit_storage="redis://:secret@127.0.0.1:1/0"
    )
    client = serve.client(live, settings)
    with caplog.at_level(logging.INFO):
        assert asked(client, 6) == [FINE] * 4 + [OFTEN] * 2
    [told] = [one.getMessage() for one in caplog.records if one.levelno >= logging.WARNING]
    assert told.startswith("Redis at 127.0.0.1:1 does not count requests (")


@pytest.mark.parametrize(
    "url",
    [
        "redis://127.0.0.1:port/0",
        "redis://:secret#1@127.0.0.1:6379/0",
        "redis://:secret/1@127.0.0.1:6379/0",
        "redis://:secret@127.0.0.1:6379/0?timeout=1",
        "redis://:secret@127.0.0.1:6379/0?socket_timeout=secret",
    ],
)
def test_url_that_names_no_redis_is_refused_at_the_start(url: str) -> None:
    settings = Settings(auth="open", rate_limit="4/hour", rate_limit_storage=url)
    with pytest.raises(SettingsError, match="RATE_LIMIT_STORAGE names no Redis") as refused:
        serve.client(None, settings)
    assert "secret" not in str(refused.value)
