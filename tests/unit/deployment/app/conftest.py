"""A lake with a champion, on a folder."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from pathlib import Path

import pytest

from canasta.commodity import Traits, load_traits
from canasta.forecast.recipe import PERSISTENCE, XGBOOST
from canasta.ingest.identity import IDENTITY, SourceKind
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
        traits: of what is promoted.
    """

    folder: Path
    promoted: PromotedLake
    traits: Traits = field(default_factory=lambda: load_traits("milk"))

    @property
    def lake(self) -> FolderLake:
        return FolderLake(self.folder)

    def promote(
        self,
        version: int,
        algorithm: str = XGBOOST,
        publications: int = 6,
        source: SourceKind = SourceKind.SNIIM,
    ) -> Pointer:
        """Promote a small model, whose seed is its version, with forecasts that are its own."""
        history = panel(publications)
        outlook = drawn_outlook(history, seed=version)
        made = bundle(fitted(algorithm, version), source=source)
        return self.promoted.promote(version, made, history, outlook)

    def state(self, content: str | bytes | None) -> None:
        """Write, or remove, what the lake says of itself."""
        file = self.folder / IDENTITY
        if content is None:
            file.unlink(missing_ok=True)
        else:
            file.write_bytes(content.encode() if isinstance(content, str) else content)

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
