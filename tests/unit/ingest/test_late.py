"""Since when a publication is known that came in after its date."""

import json
from pathlib import Path

import pytest

from canasta.ingest.late import note_late, read_late
from canasta.store import Store, store_for
from tests.unit.ingest.builders import days, tree

FIRST, SECOND, THIRD = days(3)


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return store_for(str(tmp_path))


def test_nothing_is_late_in_a_new_lake(store: Store) -> None:
    assert read_late(store) == {}


def test_each_late_publication_is_read_with_its_day(store: Store) -> None:
    note_late(store, FIRST, SECOND)
    note_late(store, SECOND, THIRD)
    assert read_late(store) == {FIRST: SECOND, SECOND: THIRD}


def test_the_first_record_holds(store: Store, tmp_path: Path) -> None:
    note_late(store, FIRST, SECOND)
    before = tree(tmp_path)
    note_late(store, FIRST, THIRD)
    assert read_late(store) == {FIRST: SECOND}
    assert tree(tmp_path) == before


def test_the_record_is_where_its_name_says(store: Store, tmp_path: Path) -> None:
    note_late(store, FIRST, SECOND)
    ((name, content),) = tree(tmp_path).items()
    assert name == f"late/{FIRST}.json"
    assert json.loads(content) == {"since": SECOND.isoformat()}


@pytest.mark.parametrize("name", ["late/notes.json", "late/2025-06-02.json.orig", "later/x.json"])
def test_other_files_are_no_records(store: Store, name: str) -> None:
    note_late(store, FIRST, SECOND)
    store.write_once(name, b"{}")
    assert read_late(store) == {FIRST: SECOND}


def test_record_of_no_date_is_refused_rather_than_taken_for_none(store: Store) -> None:
    store.write_once(f"late/{FIRST}.json", b'{"since": "soon"}')
    with pytest.raises(ValueError, match="soon"):
        read_late(store)
