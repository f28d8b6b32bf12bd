"""Objects named by their hash, and the JSON they are written in.

Part of the serving path: NumPy and the standard library alone.
"""

from __future__ import annotations

import hashlib
import json
import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Protocol

from canasta.errors import ObjectCorrupt


class Reader(Protocol):
    """Anything that holds objects by key: the lake's store, an S3 client, a folder."""

    def read(self, key: str) -> bytes:
        """Return the object under `key`; KeyError where there is none."""
        ...


@dataclass(frozen=True)
class ObjectRef:
    """The key of an object, and the SHA-256 that its bytes must have (hex)."""

    key: str
    sha256: str

    def as_dict(self) -> dict[str, str]:
        """Return the reference as JSON-ready values."""
        return {"key": self.key, "sha256": self.sha256}

    @classmethod
    def from_dict(cls, content: Mapping[str, str]) -> ObjectRef:
        """Read what `as_dict` returned."""
        return cls(content["key"], content["sha256"])


def sha256(content: bytes) -> str:
    """Return the SHA-256 of `content` in hex."""
    return hashlib.sha256(content).hexdigest()


def read_verified(reader: Reader, ref: ObjectRef) -> bytes:
    """Return the object that `ref` names.

    Raises:
        ObjectCorrupt: it is missing, or its bytes have another hash.
    """
    try:
        content = reader.read(ref.key)
    except KeyError:
        raise ObjectCorrupt(
            f"{ref.key} is promoted but missing. Restore it from a backup of the lake, or run "
            "`make promote VERSION=…`, which rebuilds it from the registry."
        ) from None
    found = sha256(content)
    if found != ref.sha256:
        raise ObjectCorrupt(
            f"{ref.key} has SHA-256 {found}, expected {ref.sha256}: it was changed or cut after "
            "it was written. Restore it from a backup of the lake, or remove it and run "
            "`make promote VERSION=…`, which rebuilds it from the registry."
        )
    return content


def to_json(content: Any) -> bytes:
    """Write `content` as JSON, always in the same bytes; what is no finite number is null."""
    text = json.dumps(_finite(content), indent=1, sort_keys=True, ensure_ascii=False)
    return f"{text}\n".encode()


def _finite(content: Any) -> Any:
    if isinstance(content, Mapping):
        return {name: _finite(value) for name, value in content.items()}
    if isinstance(content, list | tuple):
        return [_finite(value) for value in content]
    if isinstance(content, float) and not math.isfinite(content):
        return None
    return content
