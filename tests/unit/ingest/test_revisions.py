from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from canasta.errors import ObjectCorrupt
from canasta.ingest.revisions import Revision, changes, read_revision, revision_bytes, undone
from tests.unit.ingest.builders import KEYS

COLUMNS = ("Estado", "Ciudad", "Tipo", "Canal")
price = st.one_of(st.none(), st.floats(8, 80))
copies = st.dictionaries(st.sampled_from(KEYS), price)


@given(old=copies, new=copies)
def test_changes_applied_give_the_new_copy_and_undone_the_old(
    old: dict[tuple[str, ...], float | None], new: dict[tuple[str, ...], float | None]
) -> None:
    changed = changes(old, new)
    assert all(pair[0] != pair[1] for pair in changed.values())
    applied = {**old, **{key: after for key, (_, after) in changed.items()}}
    assert {k: p for k, p in applied.items() if p} == {k: p for k, p in new.items() if p}
    revision = Revision(date(2025, 6, 2), date(2025, 6, 4), 1, changed)
    back = undone(new, [revision])
    assert {k: p for k, p in back.items() if p} == {k: p for k, p in old.items() if p}


def test_several_revisions_are_undone_in_reverse() -> None:
    first = Revision(date(2025, 6, 2), date(2025, 6, 4), 1, {KEYS[0]: (20.0, 21.0)})
    second = Revision(date(2025, 6, 2), date(2025, 6, 6), 1, {KEYS[0]: (21.0, None)})
    assert undone({KEYS[0]: None}, [first, second]) == {KEYS[0]: 20.0}


def test_a_revision_is_read_as_it_was_written() -> None:
    changed = {KEYS[3]: (20.0, None), KEYS[1]: (None, 21.5)}
    revision = Revision(date(2025, 6, 2), date(2025, 6, 4), 2, changed)
    content = revision_bytes(revision, COLUMNS)
    assert read_revision(content, COLUMNS, "here") == revision
    assert revision_bytes(revision, COLUMNS) == content


def test_names_tell_revisions_apart_that_go_back_and_forth() -> None:
    there = {KEYS[0]: (20.0, 21.0)}
    days = [date(2025, 6, 4), date(2025, 6, 6)]
    names = {Revision(date(2025, 6, 2), day, n, there).name for day in days for n in (1, 2)}
    assert len(names) == 4
    again = Revision(date(2025, 6, 2), days[0], 1, dict(there))
    assert again.name in names


def test_a_damaged_file_is_named() -> None:
    with pytest.raises(ObjectCorrupt, match=r"revisions/x\.parquet"):
        read_revision(b"PAR1", COLUMNS, "revisions/x.parquet")
