from __future__ import annotations

import socket
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from canasta.errors import LakeUnreachable
from canasta.s3 import Bucket
from canasta.store import Store, store_for
from deployment.app.lake import Lake, open_lake
from tests.s3_server import S3Server

KEY = "promoted/daily_model.json"


@pytest.fixture(params=["folder", "bucket"])
def place(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    if request.param == "folder":
        return str(tmp_path)
    url: str = request.getfixturevalue("s3_url")
    return url


@pytest.fixture
def store(place: str) -> Store:
    return store_for(place)


@pytest.fixture
def lake(place: str) -> Lake:
    return open_lake(place)


def test_what_was_stored_is_read(store: Store, lake: Lake) -> None:
    store.replace(KEY, b"one")
    assert lake.read(KEY) == b"one"


def test_missing_object_is_a_key_error(store: Store, lake: Lake) -> None:
    store.replace("other", b"")
    for look in (lambda: lake.read(KEY), lambda: lake.look(KEY, None)):
        with pytest.raises(KeyError):
            look()


def test_object_that_is_known_is_not_read_again(store: Store, lake: Lake) -> None:
    store.replace(KEY, b"one")
    seen = lake.look(KEY, None)
    assert seen is not None
    assert seen.content == b"one"
    assert lake.look(KEY, seen.tag) is None
    assert lake.look(KEY, seen.tag, quick=True) is None
    store.replace(KEY, b"two")
    changed = lake.look(KEY, seen.tag)
    assert changed is not None
    assert changed.content == b"two"
    store.replace(KEY, b"one")
    assert lake.look(KEY, changed.tag) == seen


def test_known_object_that_vanished_is_missing(store: Store, lake: Lake) -> None:
    store.replace("other", b"")
    with pytest.raises(KeyError):
        lake.look(KEY, '"d41d8cd98f00b204e9800998ecf8427e"')


def test_file_url_is_a_folder(tmp_path: Path) -> None:
    folder = tmp_path / "a lake"
    folder.mkdir()
    (folder / "one").write_bytes(b"1")
    assert open_lake(folder.as_uri()).read("one") == b"1"
    assert open_lake(str(folder)).url == str(folder)


def test_keys_stay_inside(tmp_path: Path) -> None:
    (tmp_path / "secret").write_bytes(b"1")
    folder = tmp_path / "lake"
    folder.mkdir()
    with pytest.raises(KeyError):
        open_lake(str(folder)).read("../secret")


def test_folder_that_is_gone_does_not_answer(tmp_path: Path) -> None:
    with pytest.raises(LakeUnreachable, match="There is no folder"):
        open_lake(str(tmp_path / "gone")).look(KEY, None)


def test_what_cannot_be_read_does_not_answer(tmp_path: Path) -> None:
    (tmp_path / "one").mkdir()  # whoever reads, it is no file
    with pytest.raises(LakeUnreachable, match="cannot be read"):
        open_lake(str(tmp_path)).read("one")


@pytest.fixture
def silent(monkeypatch: pytest.MonkeyPatch, s3: S3Server) -> Iterator[str]:
    """A server that takes connections and says nothing."""
    for name, value in s3.variables.items():
        monkeypatch.setenv(name, value)
    with closing(socket.create_server(("127.0.0.1", 0))) as server:
        monkeypatch.setenv("AWS_ENDPOINT_URL", f"http://127.0.0.1:{server.getsockname()[1]}")
        yield "s3://lakes/lake"


def test_quick_look_gives_up_in_time(silent: str) -> None:
    lake = open_lake(silent)
    with pytest.raises(LakeUnreachable):
        lake.look(KEY, None, quick=True)  # builds the client too, which takes its time, once
    began = time.monotonic()
    with pytest.raises(LakeUnreachable):
        lake.look(KEY, None, quick=True)
    assert time.monotonic() - began < 0.35


def test_bucket_reads_what_it_wrote(s3_url: str) -> None:
    bucket = Bucket(s3_url)
    tag = bucket.create("one", b"1")
    assert bucket.read("one") == b"1"
    assert bucket.newer("one", tag) is None
    assert bucket.newer("one", None) == bucket.look("one")
    with pytest.raises(KeyError):
        bucket.read("two")
    with pytest.raises(KeyError):
        bucket.newer("two", tag)
