"""Publications that left quarantine after their date: since when each was known.

    late/<block date>.json      the date of the file, or of the decision, that brought it in

A block that was held back, until a corrected copy came, two later files repeated it or a person
accepted it, was in no forecast before. Whoever asks what was known on a day must not see it. What
has no such record counts as known on its own date, also where a run fetched it later: it had been
published.
"""

from __future__ import annotations

import json
import re
from datetime import date

from canasta.store import Store

FOLDER = "late"
_DAY = re.compile(rf"{FOLDER}/(\d{{4}}-\d{{2}}-\d{{2}})\.json")


def read_late(store: Store) -> dict[date, date]:
    """Return since when each publication was known that came in late, by its date."""
    keys = [key for key in store.keys(FOLDER) if _DAY.fullmatch(key)]
    contents = store.read_all(keys)
    return {
        date.fromisoformat(
            key.removeprefix(f"{FOLDER}/").removesuffix(".json")
        ): date.fromisoformat(json.loads(content)["since"])
        for key, content in zip(keys, contents, strict=True)
    }


def note_late(store: Store, day: date, since: date) -> None:
    """Write down that the publication of `day` is known since `since`; the first record holds."""
    content = json.dumps({"since": since.isoformat()}) + "\n"
    store.write_once(f"{FOLDER}/{day}.json", content.encode())
