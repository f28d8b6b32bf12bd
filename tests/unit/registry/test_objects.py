import hashlib
import json
import math

import pytest

from canasta.errors import ObjectCorrupt
from canasta.registry.objects import ObjectRef, read_verified, to_json
from canasta.store import Store


@pytest.fixture
def lake(tmp_path: object) -> Store:
    return Store(str(tmp_path))


def test_verified_bytes_come_back(lake: Store) -> None:
    lake.replace("a/b.bin", b"milk")
    ref = ObjectRef("a/b.bin", hashlib.sha256(b"milk").hexdigest())
    assert read_verified(lake, ref) == b"milk"
    assert ObjectRef.from_dict(ref.as_dict()) == ref


def test_changed_bytes_are_refused(lake: Store) -> None:
    lake.replace("a/b.bin", b"milk!")
    ref = ObjectRef("a/b.bin", hashlib.sha256(b"milk").hexdigest())
    with pytest.raises(ObjectCorrupt, match=r"a/b\.bin has SHA-256 .* expected "):
        read_verified(lake, ref)


def test_a_missing_object_says_what_to_do(lake: Store) -> None:
    with pytest.raises(ObjectCorrupt, match=r"promoted but missing.*make promote"):
        read_verified(lake, ObjectRef("a/b.bin", "0" * 64))


def test_json_is_sorted_and_holds_no_nan() -> None:
    content = {"b": [math.nan, (1.5, math.inf)], "a": {"é": -math.inf}}
    written = to_json(content)
    assert written == to_json(dict(reversed(content.items())))
    assert json.loads(written) == {"a": {"é": None}, "b": [None, [1.5, None]]}
    assert "é".encode() in written
