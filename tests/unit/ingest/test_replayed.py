from datetime import date
from pathlib import Path

from canasta.ingest.replayed import newest_replayed, note_replayed
from canasta.store import Store


def test_the_newest_day_that_is_done_is_remembered(tmp_path: Path) -> None:
    store = Store(str(tmp_path))
    assert newest_replayed(store) is None
    for day in (date(2024, 1, 5), date(2023, 12, 29)):
        note_replayed(store, day, origin=date(2023, 12, 29))
    assert newest_replayed(store) == date(2024, 1, 5)
    assert store.read("replayed/2024-01-05.json") == b'{"origin": "2023-12-29"}\n'
