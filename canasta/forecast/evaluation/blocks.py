"""What each fit of a back-test forecast, in blocks: an interrupted one goes on from those kept."""

from __future__ import annotations

import io
from dataclasses import dataclass, fields
from typing import Protocol

import numpy as np

from canasta.forecast.evaluation.scored import Scored
from canasta.forecast.recipe import Recipe

NOTHING = -1
"""Stands in a stored block for a fit that learnt from no target."""


@dataclass(frozen=True)
class Block:
    """What a fit forecast from the origins that it serves.

    Attributes:
        scored: (H, S, n) forecasts and scores from the n origins.
        newest_target: column of the newest publication that the fit learnt from; None where it
            learnt nothing.
    """

    scored: Scored
    newest_target: int | None

    def to_bytes(self) -> bytes:
        """Return the block as an .npz file."""
        newest = NOTHING if self.newest_target is None else self.newest_target
        stream = io.BytesIO()
        np.savez_compressed(stream, newest_target=np.array(newest), **vars(self.scored))
        return stream.getvalue()

    @classmethod
    def from_bytes(cls, content: bytes) -> Block:
        """Read what `to_bytes` returned.

        Raises:
            ValueError, KeyError, EOFError, zipfile.BadZipFile, zlib.error: it is no such file.
        """
        with np.load(io.BytesIO(content), allow_pickle=False) as arrays:
            scored = Scored(**{field.name: arrays[field.name] for field in fields(Scored)})
            newest = int(arrays["newest_target"])
        return cls(scored, None if newest == NOTHING else newest)


class Blocks(Protocol):
    """Blocks that a back-test made before, by recipe and column of the fit."""

    def get(self, recipe: Recipe, column: int) -> Block | None:
        """Return the block, if it was made."""

    def put(self, recipe: Recipe, column: int, block: Block) -> None:
        """Keep a block."""


class NoBlocks:
    """Keeps nothing."""

    def get(self, _recipe: Recipe, _column: int) -> Block | None:
        """Return nothing."""
        return None

    def put(self, _recipe: Recipe, _column: int, _block: Block) -> None:
        """Forget the block."""
