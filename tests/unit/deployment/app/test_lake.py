from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from canasta.errors import LakeUnreachable, ObjectCorrupt
from canasta.forecast.recipe import PERSISTENCE
from canasta.s3 import Bucket
from canasta.store import Store, store_for
from deployment.app.following import Follower
from deployment.app.lake import Lake, open_lake
from tests.promoted_lake import PromotedLake
from tests.unit.deployment.app.conftest import Desk
from tests.unit.deployment.app.faults import trees
from tests.unit.deployment.app.odd_s3 import Accent, OddS3, odd_s3

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
    for key in ("../secret", str(tmp_path / "secret"), "a/../../secret", "../lake2/secret"):
        with pytest.raises(KeyError):
            open_lake(str(folder)).read(key)


def test_folder_that_is_gone_does_not_answer(tmp_path: Path) -> None:
    with pytest.raises(LakeUnreachable, match="There is no folder"):
        open_lake(str(tmp_path / "gone")).look(KEY, None)


def test_what_cannot_be_read_does_not_answer(tmp_path: Path) -> None:
    (tmp_path / "one").mkdir()  # whoever reads, it is no file
    with pytest.raises(LakeUnreachable, match="cannot be read"):
        open_lake(str(tmp_path)).read("one")


@pytest.fixture
def odd(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[OddS3]:
    """A server that speaks S3's protocol with an accent, on a folder."""
    with odd_s3(tmp_path) as server:
        for name, value in server.variables.items():
            monkeypatch.setenv(name, value)
        yield server


@pytest.mark.parametrize("accent", [Accent.SILENT, Accent.TRICKLING])
def test_quick_look_gives_up_whatever_the_server_does(odd: OddS3, accent: Accent) -> None:
    """Not only between two bytes: until the last one."""
    odd.store(KEY, b"one")
    lake = open_lake(odd.url)
    seen = lake.look(KEY, None, quick=False)
    assert seen is not None
    odd.accent = accent
    with pytest.raises(LakeUnreachable, match="within 300 ms"):
        lake.look(KEY, seen.tag, quick=True)
    assert odd.answering, "it would have been waited for"
    with pytest.raises(LakeUnreachable, match="within 300 ms"):
        lake.look(KEY, seen.tag, quick=True)
    assert odd.asked == 2, "a look that goes on is not joined by another"
    odd.accent = Accent.NONE
    odd.finish()
    for _ in range(20):  # what was begun tries once more, after a while of boto3's choice
        with suppress(LakeUnreachable):
            assert lake.look(KEY, None, quick=True) == seen
            break
    else:
        pytest.fail("The lake answers again, and is not heard.")


@pytest.mark.parametrize("accent", [Accent.NO_DATE, Accent.NO_TAG, Accent.NO_AGE, Accent.NO_XML])
@pytest.mark.parametrize("quick", [False, True])
def test_answer_that_is_malformed_is_none(odd: OddS3, accent: Accent, quick: bool) -> None:
    odd.store(KEY, b"one")
    lake = open_lake(odd.url)
    lake.look(KEY, None)
    odd.accent = accent
    with pytest.raises(LakeUnreachable):
        lake.look(KEY, None, quick=quick)
    if not quick:
        with pytest.raises(LakeUnreachable):
            lake.read(KEY)


def test_object_that_s3_denies_may_be_missing_or_forbidden(odd: OddS3) -> None:
    """To who may not list, a missing object is 403."""
    lake = open_lake(odd.url)
    odd.accent = Accent.NO_LISTING
    with pytest.raises(ObjectCorrupt, match=r"missing, or may not be read.*s3:ListBucket"):
        lake.read("panels/one.npz")
    with pytest.raises(LakeUnreachable, match="refuses the credentials"):
        lake.look(KEY, None)


def test_without_leave_to_list_what_is_sound_is_served_instead_of_what_is_missing(
    odd: OddS3,
) -> None:
    desk = Desk(odd.folder, PromotedLake(store_for(str(odd.folder))))
    desk.promote(1, PERSISTENCE)
    desk.promote(2)
    trees(odd.folder, 2)[0].unlink()
    odd.accent = Accent.NO_LISTING
    found = Follower(open_lake(odd.url), desk.traits).follow()
    assert found.live is not None
    assert (found.live.model.version, found.live.predictor_model.version) == (2, 1)


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
