"""Lineage: from which data, by which code and by which choices something was made.

Part of the serving path: the standard library alone.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any


@dataclass(frozen=True)
class Lineage:
    """What stands in every run of MLflow, every bundle and every decision.

    Attributes:
        as_of: the day on which the history was known: later corrections are not in it.
        fingerprint: of the history as it was known then.
        git_commit: of the code, `-dirty` where it was changed.
        lock_sha256: of Pipfile.lock, which names every library.
        python: version of the interpreter.
        seed: of every random choice.
    """

    as_of: date
    fingerprint: str
    git_commit: str
    lock_sha256: str
    python: str
    seed: int

    def as_dict(self) -> dict[str, Any]:
        """Return the lineage as JSON-ready values."""
        return {**vars(self), "as_of": self.as_of.isoformat()}

    @classmethod
    def from_dict(cls, content: Mapping[str, Any]) -> Lineage:
        """Read what `as_dict` returned, among whatever else `content` holds.

        Raises:
            KeyError: a value is missing.
            ValueError: `as_of` is no date.
        """
        return cls(
            date.fromisoformat(content["as_of"]),
            content["fingerprint"],
            content["git_commit"],
            content["lock_sha256"],
            content["python"],
            content["seed"],
        )
