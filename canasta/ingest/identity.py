"""Whose a lake is: one commodity's, from one kind of source. `lake.json` says it.

Parsing it is part of the serving path: the standard library alone.
"""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, replace
from enum import StrEnum
from typing import TYPE_CHECKING, Any

from canasta.errors import ObjectCorrupt

if TYPE_CHECKING:  # fsspec, which serving does without
    from canasta.store import Store

IDENTITY = "lake.json"


class SourceKind(StrEnum):
    """Where a lake's publications come from; the value is the default folder's suffix."""

    SIMULATED = "simulated"
    SNIIM = "sniim"
    REPLAY = "replay"
    """Publications of one of the other kinds, fed day by day as if each day were today."""


@dataclass(frozen=True, slots=True)
class Identity:
    """The commodity whose prices a lake or a publication holds, and where they come from.

    Attributes:
        commodity: its name.
        source: the kind of source.
        replays: of a replay lake: the kind of the publications in it; None before the first.
    """

    commodity: str
    source: SourceKind
    replays: SourceKind | None = None

    def __str__(self) -> str:
        of = f", of {self.replays} publications" if self.replays else ""
        return f"{self.commodity} prices of source kind {self.source}{of}"

    @property
    def is_replay(self) -> bool:
        """Whether it is a lake on which the past is replayed."""
        return self.source is SourceKind.REPLAY

    @property
    def simulated(self) -> bool:
        """Whether the prices are simulated."""
        return SourceKind.SIMULATED in (self.source, self.replays)

    def takes(self, other: Identity) -> bool:
        """Tell whether what is `other`'s may enter a lake of this identity.

        A replay lake takes one kind of publications: that of the first.
        """
        kinds = {self.source, self.replays or other.source} if self.is_replay else {self.source}
        return self.commodity == other.commodity and other.source in kinds

    def with_publication(self, other: Identity) -> Identity:
        """Return what the lake is once a publication of `other` has entered it."""
        remembers = self.is_replay and not self.replays and not other.is_replay
        return replace(self, replays=other.source) if remembers else self


def belongs(other: Identity, refused_by: Identity) -> Identity:
    """Return the lake that `other`, which `refused_by` does not take, wants instead."""
    if refused_by.is_replay and not other.is_replay:
        return Identity(other.commodity, SourceKind.REPLAY, other.source)
    return other


def read_identity(store: Store) -> Identity | None:
    """Return whose the lake on `store` is, None where it does not say.

    Raises:
        ObjectCorrupt: what stands there cannot be read.
    """
    try:
        content = store.read(IDENTITY)
    except KeyError:
        return None
    return parsed(content, store.location(IDENTITY))


def parsed(content: bytes, location: str) -> Identity:
    """Return the identity that `content` states; `location` is where it stands, for people.

    Raises:
        ObjectCorrupt: it states none.
    """
    try:
        return _identity(json.loads(content))
    except (KeyError, TypeError, ValueError) as error:
        raise ObjectCorrupt(
            f"{location} should say whose the lake is, commodity and source, but "
            f"cannot be read: {error!r}. Restore it from a backup of the lake."
        ) from error


def write_identity(store: Store, identity: Identity) -> None:
    """Write down whose the lake on `store` is, unless that stands there.

    A replay lake remembers the first kind of publications besides.
    """
    stated = read_identity(store)
    wanted = identity if stated is None else stated.with_publication(identity)
    if wanted != stated:
        known = {name: value for name, value in asdict(wanted).items() if value is not None}
        store.replace(IDENTITY, json.dumps(known, indent=1).encode() + b"\n")


def other_url(url: str, wanted: Identity) -> str:
    """Suggest a LAKE_URL beside the lake at `url`, for a lake of the identity `wanted`."""
    here = url.rstrip("/")
    parent = here.rpartition("/")[0]
    kinds = [] if wanted.source is SourceKind.SNIIM else [wanted.source, wanted.replays]
    name = "-".join(["lake", *(kind for kind in kinds if kind)])
    # A bucket has no folder above it.
    suggested = f"{here if parent.endswith(':/') else parent}/{name}"
    return suggested if suggested != here else f"{suggested}-{wanted.commodity}"


def _identity(stated: dict[str, Any]) -> Identity:
    replays = SourceKind(stated["replays"]) if "replays" in stated else None
    return Identity(stated["commodity"], SourceKind(stated["source"]), replays)
