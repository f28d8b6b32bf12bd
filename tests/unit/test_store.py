import os
import threading
from pathlib import Path
from uuid import uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st

from canasta.errors import LakeError, RunInProgress
from canasta.s3 import split
from canasta.store import PARTIAL_SUFFIX, Store, store_for
from tests.s3_server import S3Server

KEY = "daily/2025/04/2025-04-30-data.parquet"


@pytest.fixture(params=["path", "file url", "memory url", "s3 url"])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Store:
    if request.param == "s3 url":
        return store_for(request.getfixturevalue("s3_url"))
    place = {
        "path": str(tmp_path / "lake"),
        "file url": (tmp_path / "lake").as_uri(),
        "memory url": f"memory://{tmp_path}/lake",
    }
    return store_for(place[request.param])


def test_what_was_stored_is_read(store: Store) -> None:
    assert not store.exists(KEY)
    store.replace(KEY, b"one")
    assert store.exists(KEY)
    assert store.read(KEY) == b"one"
    store.replace(KEY, b"")
    assert store.read(KEY) == b""


def test_missing_key_is_a_key_error(store: Store) -> None:
    with pytest.raises(KeyError, match="2025-04-30"):
        store.read(KEY)


def test_write_once_keeps_the_first(store: Store) -> None:
    assert store.write_once(KEY, b"first") is True
    assert store.write_once(KEY, b"second") is False
    assert store.read(KEY) == b"first"


def test_keys_are_those_under_the_folder_sorted_and_relative(store: Store) -> None:
    for key in ("b/2", "b/1", "b/deep/er/3", "c/4", "bb/5", "top"):
        store.replace(key, b"x")
    assert store.keys("b") == ["b/1", "b/2", "b/deep/er/3"]
    assert store.keys("nowhere") == []
    assert store.read(store.keys("b")[0]) == b"x"


def test_sizes_are_those_of_the_objects(store: Store) -> None:
    store.replace("b/2", b"four")
    store.replace("b/1", b"")
    assert list(store.sizes("b").items()) == [("b/1", 0), ("b/2", 4)]


def test_all_are_read_in_the_order_asked_for(store: Store) -> None:
    keys = [f"b/{number}" for number in range(30)]
    for key in keys:
        store.replace(key, key.encode())
    assert store.read_all(keys[::-1]) == [key.encode() for key in keys[::-1]]
    assert store.read_all(keys[:1]) == [b"b/0"]
    assert store.read_all([]) == []
    with pytest.raises(KeyError):
        store.read_all([*keys, "b/nowhere"])


def test_exchange_writes_only_over_what_it_was_told(store: Store) -> None:
    assert not store.exchange(KEY, b"something", b"one")
    assert not store.exists(KEY)
    assert store.exchange(KEY, None, b"one")
    assert not store.exchange(KEY, None, b"two")
    assert not store.exchange(KEY, b"other", b"two")
    assert store.read(KEY) == b"one"
    assert store.exchange(KEY, b"one", b"two")
    assert store.read(KEY) == b"two"


def test_folder_that_a_console_made_is_no_object(s3: S3Server, s3_url: str) -> None:
    bucket, prefix = split(s3_url)
    s3.client().put_object(Bucket=bucket, Key=f"{prefix}/daily/", Body=b"")
    store = store_for(s3_url)
    store.replace("daily/one", b"1")
    assert store.keys("daily") == ["daily/one"]


def test_guarded_store_writes_nothing_once_its_guard_objects(store: Store) -> None:
    def object_() -> None:
        raise RunInProgress("taken over")

    guarded = store.guarded(object_)
    with pytest.raises(RunInProgress):
        guarded.replace(KEY, b"late")
    with pytest.raises(RunInProgress):
        guarded.write_once(KEY, b"late")
    assert not store.exists(KEY)
    store.replace(KEY, b"the unguarded one still writes")
    assert guarded.read(KEY) == b"the unguarded one still writes"


def test_a_folder_is_no_object(store: Store) -> None:
    store.replace(KEY, b"x")
    assert not store.exists("daily/2025")


@pytest.mark.parametrize("key", ["", "/etc/passwd", "../outside", "a/../../outside"])
def test_keys_stay_inside(store: Store, key: str) -> None:
    with pytest.raises(LakeError, match="not a key inside"):
        store.replace(key, b"x")
    with pytest.raises(LakeError, match="not a key inside"):
        store.read(key)


def test_location_leads_to_the_file(tmp_path: Path) -> None:
    store = store_for(str(tmp_path))
    store.replace(KEY, b"here")
    assert Path(store.location(KEY)).read_bytes() == b"here"
    assert store.folder == tmp_path


def test_remote_store_has_no_folder() -> None:
    store = store_for("memory://bucket/prefix/")
    assert store.folder is None
    assert store.location("a/b") == "memory://bucket/prefix/a/b"


def test_relative_path_is_taken_from_the_working_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    store = store_for("lake")
    monkeypatch.chdir("/")
    store.replace("a", b"x")
    assert (tmp_path / "lake" / "a").read_bytes() == b"x"


def test_files_can_be_read_by_others_as_by_any_program(tmp_path: Path) -> None:
    store_for(str(tmp_path)).replace("a", b"x")
    assert (tmp_path / "a").stat().st_mode & 0o777 == 0o644


def test_remains_of_a_broken_write_are_no_objects(tmp_path: Path) -> None:
    (tmp_path / "daily").mkdir()
    (tmp_path / "daily" / f".abc{PARTIAL_SUFFIX}").write_bytes(b"half")
    assert store_for(str(tmp_path)).keys("daily") == []


def test_remains_of_broken_writes_are_removed_and_nothing_else(store: Store) -> None:
    store.replace(KEY, b"kept")
    store.replace("half.partial", b"no remains: a writer's begin with a dot")
    if store.folder is not None:
        for folder in (store.folder, store.folder / "daily" / "2025"):
            (folder / f".abc{PARTIAL_SUFFIX}").write_bytes(b"half")
    store.remove_partial_files()
    assert store.read(KEY) == b"kept"
    assert store.exists("half.partial")
    if store.folder is not None:
        assert [path.name for path in store.folder.rglob(".*")] == []


def test_remains_that_are_young_may_be_somebody_s(tmp_path: Path) -> None:
    young, old = (tmp_path / f".{name}{PARTIAL_SUFFIX}" for name in ("young", "old"))
    for path in (young, old):
        path.write_bytes(b"half")
    os.utime(old, (1_000, 1_000))
    store_for(str(tmp_path)).remove_partial_files(older_than_s=60)
    assert (young.exists(), old.exists()) == (True, False)


def test_failed_write_leaves_old_content_and_nothing_else(tmp_path: Path) -> None:
    store = store_for(str(tmp_path))
    (tmp_path / "folder" / "inside").mkdir(parents=True)
    with pytest.raises(OSError, match="folder"):
        store.replace("folder", b"a file cannot replace a folder")
    assert [path.name for path in tmp_path.iterdir()] == ["folder"]


def test_readers_see_old_or_new_and_never_a_part(tmp_path: Path) -> None:
    store = store_for(str(tmp_path))
    versions = {bytes([n]) * 200_000 for n in range(4)}
    store.replace("a", next(iter(versions)))
    done = threading.Event()
    torn: list[int] = []

    def watch() -> None:
        while not done.is_set():
            content = store.read("a")
            if content not in versions:
                torn.append(len(content))

    reader = threading.Thread(target=watch)
    reader.start()
    for _ in range(20):
        for version in versions:
            store.replace("a", version)
    done.set()
    reader.join()
    assert torn == []


parts = st.text("abcdefgh-_.áñ 0123456789", min_size=1, max_size=8).filter(
    lambda part: part.strip(" .") != ""
)


@given(st.dictionaries(st.lists(parts, min_size=2, max_size=2).map("/".join), st.binary()))
def test_store_is_a_dictionary_of_bytes(objects: dict[str, bytes]) -> None:
    store = store_for(f"memory://{uuid4()}")
    for key, content in objects.items():
        store.replace(key, content)
    folders = {key.split("/")[0] for key in objects}
    stored = {key: store.read(key) for folder in folders for key in store.keys(folder)}
    assert stored == objects
