from hashlib import sha256
from http import HTTPStatus

import pytest
from flask.testing import FlaskClient

from canasta.errors import SettingsError
from canasta.settings import Settings
from deployment.app.application import create_app
from deployment.app.keys import Keys
from deployment.app.live import Live
from tests.unit.deployment import serve

FIRST, SECOND, ADMIN = "1" * 64, "2" * 64, "a" * 64


def digest(key: str) -> str:
    return sha256(key.encode()).hexdigest()


@pytest.fixture
def guarded(live: Live) -> FlaskClient:
    settings = Settings(
        api_key_hashes=(digest(FIRST), digest(SECOND)), admin_key_hash=digest(ADMIN)
    )
    return serve.client(live, settings)


def test_each_of_several_keys_is_let_in_under_a_name_of_its_own() -> None:
    keys = Keys([digest(FIRST), digest(SECOND)])
    assert (keys.admit(FIRST), keys.admit(SECOND)) == ("key-0", "key-1")
    assert [keys.admit(key) for key in (None, "", FIRST[:-1], digest(FIRST), "ñ")] == [None] * 5
    assert Keys([]).admit(FIRST) is None


@pytest.mark.parametrize("path", ["/forecasts", "/series", "/model"])
def test_without_a_key_nothing_is_told(guarded: FlaskClient, path: str) -> None:
    for headers in ({}, {"X-API-Key": "wrong"}, {"X-API-Key": ADMIN}):
        refused = guarded.get(path, headers=headers)
        assert refused.status_code == HTTPStatus.UNAUTHORIZED
        assert refused.headers["WWW-Authenticate"].startswith("ApiKey")
        assert b"wrong" not in refused.data
    assert guarded.get(path, headers={"X-API-Key": SECOND}).status_code == HTTPStatus.OK


def test_key_is_asked_for_before_the_body_is_looked_at(guarded: FlaskClient) -> None:
    assert guarded.post("/predict", data=b"{").status_code == HTTPStatus.UNAUTHORIZED
    known = guarded.post("/predict", data=b"{", headers={"X-API-Key": FIRST})
    assert known.status_code == HTTPStatus.UNSUPPORTED_MEDIA_TYPE


@pytest.mark.parametrize("path", ["/health", "/ready", "/docs", "/openapi.json", "/metrics"])
def test_watchers_and_readers_of_the_docs_need_none(guarded: FlaskClient, path: str) -> None:
    assert guarded.get(path).status_code == HTTPStatus.OK


def test_reload_is_the_admins_alone(live: Live) -> None:
    serving = serve.FixedServing(live)
    settings = Settings(auth="open", admin_key_hash=digest(ADMIN))
    client = create_app(settings, serving).test_client()
    for headers in ({}, {"X-API-Key": FIRST}):
        assert client.post("/admin/reload", headers=headers).status_code == HTTPStatus.UNAUTHORIZED
    assert serving.reloads == 0
    answer = client.post("/admin/reload", headers={"X-API-Key": ADMIN})
    assert answer.json == {"changed": False, "version": serve.VERSION, "problem": None}
    assert serving.reloads == 1


def test_without_an_admins_key_nobody_reloads(client: FlaskClient) -> None:
    assert client.post("/admin/reload").status_code == HTTPStatus.UNAUTHORIZED


def test_keys_without_any_are_refused_at_the_start(live: Live) -> None:
    with pytest.raises(SettingsError, match=r"API_KEY_HASHES.*AUTH=open"):
        create_app(Settings(), serve.FixedServing(live))
