"""A lake with a champion, on a folder."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from canasta.forecast.recipe import PERSISTENCE, XGBOOST
from canasta.registry.pointer import Pointer
from canasta.store import store_for
from deployment.app.lake import FolderLake
from tests.outlooks import drawn_outlook
from tests.promoted_lake import PromotedLake
from tests.unit.registry.builders import bundle, fitted, panel


@dataclass(frozen=True)
class Desk:
    """A lake, read and written.

    Attributes:
        folder: it.
        promoted: writes promotions.
    """

    folder: Path
    promoted: PromotedLake

    @property
    def lake(self) -> FolderLake:
        return FolderLake(self.folder)

    def promote(self, version: int, algorithm: str = XGBOOST, publications: int = 6) -> Pointer:
        """Promote a small model, whose seed is its version, with forecasts that are its own."""
        history = panel(publications)
        outlook = drawn_outlook(history, seed=version)
        return self.promoted.promote(version, bundle(fitted(algorithm, version)), history, outlook)

    def promote_garbage(self, version: int) -> Pointer:
        """Promote a model whose trees are none, though their hashes are right."""
        sound, history = bundle(fitted(XGBOOST, version)), panel()
        hurdles = tuple(
            replace(hurdle, heads=dict.fromkeys(hurdle.heads, b"no trees"))
            for hurdle in sound.predictor.hurdles
        )
        broken = replace(sound, predictor=replace(sound.predictor, hurdles=hurdles))
        return self.promoted.promote(version, broken, history, drawn_outlook(history))

    def publish(self, pointer: Pointer, publications: int) -> Pointer:
        """Publish the champion's forecasts from a newer publication."""
        return self.promote(pointer.title.version, pointer.title.recipe.algorithm, publications)


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    """An empty lake."""
    folder = tmp_path / "lake"
    folder.mkdir()
    return Desk(folder, PromotedLake(store_for(str(folder))))


@pytest.fixture
def champion(desk: Desk) -> Pointer:
    """Version 2, promoted after version 1, which is persistence."""
    desk.promote(1, PERSISTENCE)
    return desk.promote(2)
