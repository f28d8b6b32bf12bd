"""Decision records: what was decided, when, on which evidence; one immutable object each.

A record holds the pointer before and after it, so that an interrupted promotion can be finished
and the chain of champions can be walked back.

Reading one record is part of the serving path: the standard library alone.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from enum import StrEnum
from itertools import batched
from typing import TYPE_CHECKING, Any

from canasta.errors import ObjectCorrupt
from canasta.registry.lineage import Lineage
from canasta.registry.objects import Reader, sha256, to_json
from canasta.registry.pointer import Pointer

if TYPE_CHECKING:  # fsspec, which serving does without
    from canasta.store import Store

FOLDER = "decisions"
TIME_FORMAT = "%Y%m%dT%H%M%S.%fZ"


AT_A_TIME = 16
"""Records that are read at once on the way back: a remote lake is asked once for all of them."""


class Kind(StrEnum):
    """What led to a record."""

    SEARCH = "search"
    """Candidates were searched and judged: one was promoted, or nothing changed."""
    REFRESH = "refresh"
    """The same, and the champion kept its title: its recipe was refitted."""
    PROMOTE = "promote"
    """A version was promoted by hand."""
    ROLLBACK = "rollback"
    """The previous champion was restored: by hand, or, with a ruling, on live outcomes."""
    PANEL = "panel"
    """The champion's forecasts from a newer publication were published."""


SEARCHES = frozenset({Kind.SEARCH, Kind.REFRESH})
"""The kinds that follow from a search: the cadence counts from the newest of them."""


@dataclass(frozen=True)
class Record:
    """One decision.

    Attributes:
        kind: what led to it.
        time: when, in UTC.
        reason: one sentence for people.
        origin: the newest publication known to it.
        lineage: of the run that decided.
        ruling: evidence, margins and decision, of the gate or of the rule for live outcomes;
            None where a person decided.
        before: the pointer that it found; None where there was none.
        after: the pointer that it leads to, but for its key `decision`, which is this record's
            own; None where the pointer stays.
        alerting: names of the drift checks that alerted when it was decided; none in records
            from before these were noted.
        on_drift: whether the search was made for them, and not because one was due anyway.
    """

    kind: Kind
    time: datetime
    reason: str
    origin: date
    lineage: Lineage
    ruling: Mapping[str, Any] | None
    before: Mapping[str, Any] | None
    after: Mapping[str, Any] | None
    alerting: tuple[str, ...] = ()
    on_drift: bool = False

    def as_dict(self) -> dict[str, Any]:
        """Return the record as JSON-ready values; of drift only where something alerted.

        Earlier releases, which know nothing of that, read all other records.
        """
        content = dict(vars(self))
        alerting, on_drift = content.pop("alerting"), content.pop("on_drift")
        if alerting:
            content |= {"alerting": list(alerting), "on_drift": on_drift}
        return {
            **content,
            "lineage": self.lineage.as_dict(),
            "kind": self.kind.value,
            "time": self.time.isoformat(),
            "origin": self.origin.isoformat(),
        }

    @classmethod
    def from_dict(cls, content: Mapping[str, Any]) -> Record:
        """Read what `as_dict` returned."""
        typed = {
            "kind": Kind(content["kind"]),
            "time": datetime.fromisoformat(content["time"]),
            "origin": date.fromisoformat(content["origin"]),
            "lineage": Lineage.from_dict(content["lineage"]),
            "alerting": tuple(content.get("alerting", ())),
        }
        return cls(**{**content, **typed})


def write_record(lake: Store, record: Record) -> str:
    """Store `record` and return its key, `decisions/<UTC time>-<sha8>.json`."""
    content = to_json(record.as_dict())
    time = record.time.astimezone(UTC).strftime(TIME_FORMAT)
    key = f"{FOLDER}/{time}-{sha256(content)[:8]}.json"
    lake.write_once(key, content)
    return key


def read_record(lake: Reader, key: str) -> Record:
    """Return the record under `key`.

    Raises:
        ObjectCorrupt: it is missing, was changed, or is no decision record.
    """
    try:
        content = lake.read(key)
    except KeyError:
        raise ObjectCorrupt(f"The decision {key} is missing; restore it from a backup.") from None
    return _parsed(key, content)


def _parsed(key: str, content: bytes) -> Record:
    if sha256(content)[:8] != key.removesuffix(".json")[-8:]:
        raise ObjectCorrupt(f"The decision {key} was changed after it was written; restore it.")
    try:
        return Record.from_dict(json.loads(content))
    except (KeyError, TypeError, ValueError) as error:
        raise ObjectCorrupt(f"{key} is no decision record: {error!r}") from error


def led_to(key: str, record: Record) -> Pointer:
    """Return the pointer that the record under `key` leads to.

    Raises:
        ObjectCorrupt: the record leads to none.
    """
    return Pointer.from_dict({**(record.after or {}), "decision": key})


def newest_first(lake: Store) -> Iterator[tuple[str, Record]]:
    """Yield keys and records, the newest first, read AT_A_TIME.

    Raises:
        ObjectCorrupt: the record whose turn it is was changed, or is no decision record.
    """
    for keys in batched(reversed(lake.keys(FOLDER)), AT_A_TIME):
        for key, content in zip(keys, lake.read_all(keys), strict=True):
            yield key, _parsed(key, content)


def read_newest(lake: Store, count: int) -> list[Record]:
    """Return the newest records, `count` at most, the newest first; all are read at once.

    Raises:
        ObjectCorrupt: one of them was changed, or is no decision record.
    """
    keys = lake.keys(FOLDER)[::-1][:count]
    return [_parsed(key, content) for key, content in zip(keys, lake.read_all(keys), strict=True)]


def newest_search(lake: Store) -> Record | None:
    """Return the newest record that follows from a search; None before the first."""
    return next(searches(lake), None)


def searches(lake: Store) -> Iterator[Record]:
    """Yield the records that follow from a search, the newest first."""
    return (record for _, record in newest_first(lake) if record.kind in SEARCHES)


def next_moment(lake: Store, clock: Callable[[], datetime]) -> datetime:
    """Return the time for a new record: now, but always after the newest record.

    A clock that was set back, or one tick for two records, must not disorder the decisions.
    """
    now = clock().astimezone(UTC)
    keys = lake.keys(FOLDER)
    if not keys:
        return now
    stamp = keys[-1].removeprefix(f"{FOLDER}/").rsplit("-", 1)[0]
    newest = datetime.strptime(stamp, TIME_FORMAT).replace(tzinfo=UTC)
    return max(now, newest + timedelta(microseconds=1))
