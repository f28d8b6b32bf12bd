"""The lease on S3, on a real server: one writer at a time, and none for ever."""

from __future__ import annotations

import copy
import json
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from canasta.errors import CanastaError, LakeUnreachable, RunInProgress, SettingsError
from canasta.ingest.lease import LEASE, Lease
from canasta.ingest.lock import lock_of
from canasta.s3 import Bucket
from canasta.store import store_for

SHORT_S = 2
LONG_S = 60


@pytest.fixture
def bucket(s3_url: str) -> Bucket:
    return Bucket(s3_url)


def stated(bucket: Bucket) -> dict[str, Any]:
    held = bucket.look(LEASE)
    assert held is not None
    content: dict[str, Any] = json.loads(held.content)
    return content


def wait_for(moment: Callable[[], bool], patience_s: float = 20.0) -> None:
    deadline = time.monotonic() + patience_s
    while not moment():
        assert time.monotonic() < deadline, "the moment did not come"
        time.sleep(0.05)


def holds(lease: Lease) -> bool:
    try:
        lease.check()
    except RunInProgress:
        return False
    return True


def left_behind(bucket: Bucket, ttl_s: int = SHORT_S) -> None:
    """Leave a lease as a run does that was killed: nobody renews it."""
    content = {"owner": "the dead", "ttl_s": ttl_s, "released": False}
    assert bucket.create(LEASE, json.dumps(content).encode())


def test_one_run_holds_it_and_the_next_one_gets_it(bucket: Bucket) -> None:
    with Lease(bucket, LONG_S) as lease:
        lease.check()
        lease.confirm()
        owner = stated(bucket)["owner"]
        with pytest.raises(RunInProgress, match=r"Another run \(.+\) is writing") as caught:
            Lease(bucket, LONG_S).__enter__()
        assert owner in str(caught.value)
        assert "if it has died" in str(caught.value)
    assert stated(bucket)["released"] is True
    with Lease(bucket, LONG_S):
        assert stated(bucket)["owner"] != owner
        assert stated(bucket)["released"] is False


def test_error_inside_gives_it_back(bucket: Bucket) -> None:
    with pytest.raises(KeyError), Lease(bucket, LONG_S):
        raise KeyError("a step failed")
    with Lease(bucket, LONG_S):
        pass


def test_it_lasts_as_long_as_its_holder(bucket: Bucket) -> None:
    with Lease(bucket, SHORT_S) as lease:
        time.sleep(2.5 * SHORT_S)
        lease.confirm()
        with pytest.raises(RunInProgress):
            Lease(bucket, SHORT_S).__enter__()


def test_lease_of_a_dead_run_is_taken_over_once_it_has_run_out(bucket: Bucket) -> None:
    left_behind(bucket)
    with pytest.raises(RunInProgress, match="the dead"):
        Lease(bucket, SHORT_S).__enter__()
    begun = time.monotonic()

    def free() -> bool:
        try:
            with Lease(bucket, LONG_S):
                return True
        except RunInProgress:
            return False

    wait_for(free)
    assert time.monotonic() - begun > SHORT_S - 1


def test_its_own_term_counts_not_that_of_who_wants_it(bucket: Bucket) -> None:
    left_behind(bucket, ttl_s=LONG_S)
    time.sleep(3)
    with pytest.raises(RunInProgress, match="the dead"):
        Lease(bucket, 1).__enter__()


def test_holder_that_was_taken_over_writes_nothing_more(bucket: Bucket, s3_url: str) -> None:
    with Lease(bucket, LONG_S) as lease:
        store = store_for(s3_url).guarded(lease.check)
        held = bucket.look(LEASE)
        assert held is not None
        assert bucket.swap(LEASE, b'{"owner": "another"}', held.tag)
        with pytest.raises(RunInProgress, match="LOCK_TTL_S"):
            lease.confirm()
        with pytest.raises(RunInProgress):
            store.write_once("late", b"x")
    assert stated(bucket) == {"owner": "another"}, "who lost it does not give it back"


def test_renewal_notices_that_it_was_taken_over(bucket: Bucket) -> None:
    with Lease(bucket, SHORT_S) as lease:
        held = bucket.look(LEASE)
        while held and not bucket.swap(LEASE, b'{"owner": "another"}', held.tag):
            held = bucket.look(LEASE)  # it was renewed in between

        wait_for(lambda: not holds(lease))


def test_holder_counts_its_own_time(bucket: Bucket) -> None:
    """A machine that slept must not trust a lease that ran out meanwhile."""
    now = [1_000.0]
    with Lease(bucket, LONG_S, lambda: now[0]) as lease:
        now[0] += LONG_S - 1
        lease.check()
        now[0] += 1
        with pytest.raises(RunInProgress):
            lease.check()


def test_of_many_that_want_a_free_lease_one_wins(bucket: Bucket) -> None:
    left_behind(bucket, ttl_s=0)
    time.sleep(3.5)
    leases = [Lease(Bucket(bucket.url), LONG_S) for _ in range(4)]

    def taken(lease: Lease) -> bool:
        try:
            lease.__enter__()
        except RunInProgress:
            return False
        return True

    with ThreadPoolExecutor(len(leases)) as pool:
        won = list(pool.map(taken, leases))
    assert sorted(won) == [False, False, False, True]
    leases[won.index(True)].__exit__()


def test_answer_that_was_lost_on_the_way_does_not_lock_the_run_out(bucket: Bucket) -> None:
    class Deaf(Bucket):
        """The first answer to `create` is lost: the request went through, and is made again."""

        def create(self, key: str, content: bytes) -> str | None:
            super().create(key, content)
            return super().create(key, content)

    with Lease(Deaf(bucket.url), LONG_S) as lease:
        lease.confirm()


def test_takeover_whose_answer_was_lost_is_a_takeover(bucket: Bucket) -> None:
    class Deaf(Bucket):
        """The first answer to a takeover is lost: it went through, and is asked for again."""

        lost = False

        def swap(self, key: str, content: bytes, tag: str) -> str | None:
            done = super().swap(key, content, tag)
            if done and not self.lost:
                type(self).lost = True
                return super().swap(key, content, tag)
            return done

    with Lease(bucket, LONG_S):
        pass
    with Lease(Deaf(bucket.url), LONG_S) as lease:
        lease.confirm()
    assert Deaf.lost


def test_lease_that_was_given_back_guards_nothing_any_more(bucket: Bucket) -> None:
    lease = Lease(bucket, LONG_S)
    with lease:
        lease.check()
    with pytest.raises(RunInProgress):
        lease.check()


def test_write_that_arrives_after_a_takeover_changes_nothing(bucket: Bucket, s3_url: str) -> None:
    """A holder that was cut off asks, is told yes, and then its bytes come late."""
    store = store_for(s3_url)
    assert store.exchange("pointer", None, b"first")

    class Late(Bucket):
        def swap(self, key: str, content: bytes, tag: str) -> str | None:
            store.replace("pointer", b"of the run that took over")
            return super().swap(key, content, tag)

    store.bucket, late = bucket, copy.copy(store)
    late.bucket = Late(s3_url)
    assert not late.exchange("pointer", b"first", b"late")
    assert store.read("pointer") == b"of the run that took over"


def test_server_that_ignores_conditions_is_refused(bucket: Bucket) -> None:
    class Careless(Bucket):
        """A server that takes every write."""

        def _put(self, key: str, content: bytes, **_condition: str) -> str | None:
            return super()._put(key, content)

    with pytest.raises(LakeUnreachable, match="ignores If-None-Match or If-Match"):
        Lease(Careless(bucket.url), LONG_S).__enter__()
    assert stated(bucket)["released"] is True


def test_lease_that_cannot_be_read_runs_out_like_any_other(s3_url: str) -> None:
    contents = (b"", b"no json", b"[]", b'{"ttl_s": "long"}')
    buckets = [Bucket(f"{s3_url}/{number}") for number in range(len(contents))]
    for bucket, content in zip(buckets, contents, strict=True):
        assert bucket.create(LEASE, content)
        with pytest.raises(RunInProgress):
            Lease(bucket, LONG_S).__enter__()
    time.sleep(4.5)
    for bucket in buckets:
        with Lease(bucket, 1):
            pass


def test_unanswered_renewals_are_tried_again_until_it_runs_out(bucket: Bucket) -> None:
    class Interrupted(Bucket):
        down = threading.Event()
        unanswered = 0

        def swap(self, key: str, content: bytes, tag: str) -> str | None:
            if self.down.is_set():
                type(self).unanswered += 1
                raise LakeUnreachable("no answer")
            return super().swap(key, content, tag)

    with Lease(Interrupted(bucket.url), 2 * SHORT_S) as lease:
        Interrupted.down.set()
        wait_for(lambda: Interrupted.unanswered == 2)
        Interrupted.down.clear()
        time.sleep(2 * SHORT_S)
        lease.confirm()
        Interrupted.down.set()
        wait_for(lambda: not holds(lease))


def test_lock_of_a_store_on_s3_is_a_lease(s3_url: str) -> None:
    with lock_of(store_for(s3_url), LONG_S), pytest.raises(RunInProgress):
        lock_of(store_for(s3_url), LONG_S).__enter__()
    assert store_for(s3_url).exists(LEASE)


def test_wrong_credentials_are_told_without_showing_them(
    s3_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "guessed-wrong")
    with pytest.raises(LakeUnreachable, match="refuses the credentials") as caught:
        Lease(Bucket(s3_url), LONG_S).__enter__()
    assert "guessed-wrong" not in str(caught.value)


@pytest.mark.parametrize(
    ("variables", "error", "told"),
    [
        ({"AWS_ENDPOINT_URL": "127.0.0.1:1"}, SettingsError, "AWS_ENDPOINT_URL to be an http"),
        ({"AWS_ENDPOINT_URL": "http://[bad"}, SettingsError, "AWS_ENDPOINT_URL to be an http"),
        ({"AWS_PROFILE": "nobody"}, LakeUnreachable, "as AWS's settings stand"),
        ({"AWS_DEFAULT_REGION": "no region"}, LakeUnreachable, "as AWS's settings stand"),
    ],
)
def test_settings_of_aws_that_cannot_be_used_are_told(
    s3_url: str, monkeypatch: pytest.MonkeyPatch,
    variables: dict[str, str], error: type[CanastaError], told: str,
) -> None:  # fmt: skip
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    with pytest.raises(error, match=told):
        Lease(Bucket(s3_url), LONG_S).__enter__()
    with pytest.raises(error, match=told):
        store_for(s3_url).keys("daily")


@pytest.mark.usefixtures("s3_url")
def test_missing_bucket_is_told() -> None:
    with pytest.raises(LakeUnreachable, match="There is no bucket 'nowhere'"):
        Lease(Bucket("s3://nowhere/lake"), LONG_S).__enter__()
    with pytest.raises(LakeUnreachable, match="There is no bucket 'nowhere'"):
        store_for("s3://nowhere/lake").keys("daily")
    with pytest.raises(LakeUnreachable, match="There is no bucket 'nowhere'"):
        store_for("s3://nowhere/lake").read("daily")
