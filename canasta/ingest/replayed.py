"""Which days a replay has done: one small object for each, so that an interrupted one goes on."""

from __future__ import annotations

import json
import re
from datetime import date

from canasta.store import Store

FOLDER = "replayed"
_DAY = re.compile(rf"{FOLDER}/(\d{{4}}-\d{{2}}-\d{{2}})\.json")


def newest_replayed(store: Store) -> date | None:
    """Return the newest day that was replayed to its end; None before the first."""
    found = [_DAY.fullmatch(key) for key in store.keys(FOLDER)]
    return max((date.fromisoformat(day[1]) for day in found if day), default=None)


def note_replayed(store: Store, day: date, origin: date) -> None:
    """Write down that `day` was replayed to its end; its forecasts stand on `origin`."""
    content = json.dumps({"origin": origin.isoformat()}) + "\n"
    store.write_once(f"{FOLDER}/{day}.json", content.encode())
