"""Who was champion on a past day."""

from __future__ import annotations

from datetime import date

from canasta.errors import NoChampion
from canasta.registry.decisions import led_to, newest_first
from canasta.registry.pointer import Pointer
from canasta.store import Store


def champion_then(lake: Store, origin: date) -> Pointer:
    """Return what was live when `origin` was the newest publication.

    That is where the newest decision led that knew no later publication. The clock does not
    tell: a day that is replayed, or made up for, is decided on later than it was.

    Raises:
        NoChampion: nothing was promoted by then.
        ObjectCorrupt: a decision cannot be read.
    """
    first: date | None = None
    for key, record in newest_first(lake):
        if record.after is None:
            continue
        if record.origin <= origin:
            return led_to(key, record)
        first = record.origin if first is None else min(first, record.origin)
    raise NoChampion(_nobody(lake, origin, first))


def _nobody(lake: Store, origin: date, first: date | None) -> str:
    if first is None:
        return f"Nothing was ever promoted in {lake.url}. `make daily`, without DATE, promotes."
    return (
        f"Nobody was champion on {origin}: the first promotion in {lake.url} stands on the "
        f"publication of {first}. Choose a DATE from then on; or let `make backfill FROM=… TO=…` "
        "replay the days before it, on a lake of its own."
    )
