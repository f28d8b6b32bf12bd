"""Limits counted by a real Redis: by all processes together, and by each alone while it is gone."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from pathlib import Path

import pytest
from flask.testing import FlaskClient

from canasta.settings import Settings
from deployment.app import counting
from tests.api_server import ApiServer, api_server
from tests.redis_server import RedisServer, redis_server
from tests.unit.deployment import serve

FINE, OFTEN = 200, 429
ASKED = "/openapi.json"
"""Limited as everything is, and answered whatever the lake holds."""
THREADS = 8
GONE, BACK = "does not count requests", "counts requests again"


@pytest.fixture
def redis(tmp_path: Path) -> Iterator[RedisServer]:
    with redis_server(tmp_path) as server:
        yield server


@pytest.fixture
def told(caplog: pytest.LogCaptureFixture) -> Callable[[str], list[str]]:
    """What this process has logged of Redis with certain words."""
    caplog.set_level(logging.INFO)

    def logged(words: str) -> list[str]:
        return [one.getMessage() for one in caplog.records if words in one.getMessage()]

    return logged


def application(url: str, limit: str) -> FlaskClient:
    return serve.client(None, Settings(auth="open", rate_limit=limit, rate_limit_storage=url))


def asked(client: FlaskClient, times: int) -> list[int]:
    return [client.get(ASKED).status_code for _ in range(times)]


def asked_at_once(client: FlaskClient, times: int) -> tuple[list[int], list[float]]:
    """Ask on THREADS threads; return the answers' statuses and the seconds each took."""

    def ask(_: int) -> tuple[int, float]:
        began = time.monotonic()
        status = client.application.test_client().get(ASKED).status_code
        return status, time.monotonic() - began

    with ThreadPoolExecutor(THREADS) as threads:
        answers = list(threads.map(ask, range(times)))
    return [status for status, _ in answers], [seconds for _, seconds in answers]


def test_processes_count_together(tmp_path: Path, redis: RedisServer) -> None:
    variables = {"WORKERS": "1", "RATE_LIMIT": "5/hour", "RATE_LIMIT_STORAGE": redis.url()}
    with ExitStack() as stack:
        one, other = (process(stack, tmp_path / name, variables) for name in ("one", "other"))
        assert [one.ask("GET", ASKED)[0] for _ in range(3)] == [FINE] * 3
        assert [other.ask("GET", ASKED)[0] for _ in range(3)] == [FINE, FINE, OFTEN]
        assert one.ask("GET", ASKED)[0] == OFTEN


def process(stack: ExitStack, folder: Path, variables: dict[str, str]) -> ApiServer:
    (folder / "lake").mkdir(parents=True)
    return stack.enter_context(api_server(folder, str(folder / "lake"), variables))


def test_redis_killed_under_load_fails_no_request_and_is_used_again_when_it_is_back(
    tmp_path: Path, redis: RedisServer
) -> None:
    variables = {"WORKERS": "1", "RATE_LIMIT": "40/hour", "RATE_LIMIT_STORAGE": redis.url()}
    with ExitStack() as stack:
        api = process(stack, tmp_path / "api", variables)

        def ask(_: int) -> int:
            return api.ask("GET", ASKED)[0]

        with ThreadPoolExecutor(4) as clients:
            assert list(clients.map(ask, range(10))) == [FINE] * 10
            waiting = clients.map(ask, range(30))
            redis.kill()
            assert set(waiting) == {FINE}
            assert set(clients.map(ask, range(50))) == {FINE, OFTEN}, "memory limits as well"
            assert len(said(api, GONE)) == 1
            redis.start()
            until(lambda: ask(0) == FINE, counting.AGAIN_S + 5)
            assert set(clients.map(ask, range(20))) == {FINE}
        assert redis.client().keys() != []
        assert [line["level"] for line in said(api, GONE) + said(api, BACK)] == ["warning", "info"]


def said(api: ApiServer, words: str) -> list[dict[str, str]]:
    return [line for line in api.lines() if words in line.get("message", "")]


def until(happened: Callable[[], bool], seconds: float) -> None:
    deadline = time.monotonic() + seconds
    while not happened():
        assert time.monotonic() < deadline
        time.sleep(0.1)


def test_redis_that_hangs_holds_each_thread_up_once_and_not_for_long(
    redis: RedisServer, told: Callable[[str], list[str]]
) -> None:
    client = application(redis.url(), "100000/hour")
    assert asked_at_once(client, 2 * THREADS)[0] == [FINE] * 2 * THREADS
    redis.freeze()
    began = time.monotonic()
    statuses, seconds = asked_at_once(client, 20 * THREADS)
    assert statuses == [FINE] * 20 * THREADS
    assert counting.TIMEOUT_S <= max(seconds) < 5 * counting.TIMEOUT_S
    assert time.monotonic() - began < 10 * counting.TIMEOUT_S, "of the 20 that waiting would take"
    assert len(told(GONE)) == 1
    redis.thaw()


def test_redis_that_hangs_on_is_tried_by_one_request_now_and_then(
    redis: RedisServer, told: Callable[[str], list[str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(counting, "AGAIN_S", 1.0)
    client = application(redis.url(), "100000/hour")
    redis.freeze()
    assert asked(client, 1) == [FINE]
    for _ in range(2):
        time.sleep(counting.AGAIN_S)
        statuses, seconds = asked_at_once(client, 5 * THREADS)
        assert statuses == [FINE] * 5 * THREADS
        held_up = [one for one in seconds if one >= counting.TIMEOUT_S]
        assert 0 < len(held_up) < THREADS
    redis.thaw()
    time.sleep(counting.AGAIN_S)
    assert asked_at_once(client, 5 * THREADS)[0] == [FINE] * 5 * THREADS
    assert (len(told(GONE)), len(told(BACK))) == (1, 1)


def test_redis_started_again_between_two_requests_is_not_missed(
    redis: RedisServer, told: Callable[[str], list[str]]
) -> None:
    client = application(redis.url(), "3/hour")
    assert asked(client, 2) == [FINE] * 2
    redis.kill()
    redis.start()
    assert asked(client, 4) == [FINE] * 3 + [OFTEN], "it has forgotten what it counted"
    assert told("Redis") == []


def test_redis_that_refuses_the_password_is_gone_and_the_password_is_not_told(
    redis: RedisServer, told: Callable[[str], list[str]]
) -> None:
    redis.client().config_set("requirepass", "the-right-one")
    client = application(redis.url("a-wrong-one"), "2/hour")
    assert asked(client, 3) == [FINE, FINE, OFTEN]
    [line] = told(GONE)
    assert "invalid username-password pair" in line
    assert "a-wrong-one" not in line
    assert asked(application(redis.url("the-right-one"), "2/hour"), 1) == [FINE]
    assert len(told(GONE)) == 1
