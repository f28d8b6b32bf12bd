"""Whose a lake is: one commodity's, from one kind of source. `lake.json` says it."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from enum import StrEnum

from canasta.store import Store

IDENTITY = "lake.json"


class SourceKind(StrEnum):
    """Where a lake's publications come from; the value is the default folder's suffix."""

    SIMULATED = "simulated"
    SNIIM = "sniim"
    REPLAY = "replay"

    def takes(self, publications: SourceKind) -> bool:
        """Tell whether a lake of this kind takes such publications; a replay takes any."""
        return self in (publications, SourceKind.REPLAY)


@dataclass(frozen=True, slots=True)
class Identity:
    """The commodity whose prices a lake or a publication holds, and where they come from."""

    commodity: str
    source: SourceKind

    def __str__(self) -> str:
        return f"{self.commodity} prices of source kind {self.source}"

    def takes(self, other: Identity) -> bool:
        """Tell whether what is `other`'s may enter a lake of this identity."""
        return self.commodity == other.commodity and self.source.takes(other.source)


def read_identity(store: Store) -> Identity | None:
    """Return whose the lake on `store` is, None where it does not say."""
    try:
        stated = json.loads(store.read(IDENTITY))
    except KeyError:
        return None
    return Identity(stated["commodity"], SourceKind(stated["source"]))


def write_identity(store: Store, identity: Identity) -> None:
    """Write down whose the lake on `store` is, unless that stands there."""
    store.write_once(IDENTITY, json.dumps(asdict(identity), indent=1).encode() + b"\n")


def other_url(url: str, wanted: Identity) -> str:
    """Suggest a LAKE_URL beside the lake at `url`, for a lake of the identity `wanted`."""
    here = url.rstrip("/")
    parent = here.rpartition("/")[0]
    name = "lake" if wanted.source is SourceKind.SNIIM else f"lake-{wanted.source}"
    # A bucket has no folder above it.
    suggested = f"{here if parent.endswith(':/') else parent}/{name}"
    return suggested if suggested != here else f"{suggested}-{wanted.commodity}"
