"""What an interrupted back-test leaves behind, so that the next one goes on from there.

    <reports>/.backtest-unfinished/<key>/search-<algorithm>.json
    <reports>/.backtest-unfinished/<key>/<recipe>-<column>.npz

The key stands for everything that decides the figures: prices, code, libraries, parameters,
seed, window. A back-test that ends removes its folder: figures are never taken from an earlier
one that was whole.
"""

from __future__ import annotations

import hashlib
import json
import logging
import shutil
import zipfile
import zlib
from pathlib import Path
from typing import Any

from filelock import FileLock, Timeout

from canasta.errors import RunInProgress
from canasta.forecast.evaluation.blocks import Block
from canasta.forecast.recipe import Recipe
from canasta.registry.objects import sha256, to_json
from canasta.settings import ROOT
from canasta.store import Store, store_for

FOLDER = ".backtest-unfinished"
UNREADABLE = (ValueError, KeyError, EOFError, zipfile.BadZipFile, zlib.error)
"""What NumPy says of a file that is no whole block."""

log = logging.getLogger(__name__)


class Unfinished:
    """The parts of one back-test; a `Blocks`.

    Args:
        reports_dir: folder of the reports.
        decides: JSON-ready values that decide the figures, beside the code itself.

    Raises:
        RunInProgress: the same back-test is running already.
        OSError: nothing can be written there.
    """

    def __init__(self, reports_dir: Path, decides: Any) -> None:
        self._key = sha256(to_json({"code": code_sha256(), "decides": decides}))[:16]
        self._folder = reports_dir / FOLDER
        self._store: Store = store_for(str(self._folder))
        self._folder.mkdir(parents=True, exist_ok=True)
        self._lock = FileLock(self._folder / f"{self._key}.lock")
        try:
            self._lock.acquire(blocking=False)
        except Timeout:
            raise RunInProgress(
                "The same back-test is running already; let it end, or stop it."
            ) from None

    @property
    def parts(self) -> int:
        """How many searches and fits are kept."""
        return len(self._store.keys(self._key))

    def recipe(self, algorithm: str) -> Recipe | None:
        """Return what the search of an algorithm found, if it ended."""
        content = self._read(self._search(algorithm))
        try:
            return None if content is None else Recipe.from_dict(json.loads(content))
        except (*UNREADABLE, TypeError) as error:
            log.warning("%s: %r; searched again", self._search(algorithm), error)
            return None

    def keep_recipe(self, recipe: Recipe) -> None:
        """Keep what the search of its algorithm found."""
        self._store.replace(self._search(recipe.algorithm), to_json(recipe.as_dict()))

    def get(self, recipe: Recipe, column: int) -> Block | None:
        """Return what a fit forecast, if it was made; one that cannot be read is made again."""
        content = self._read(self._block(recipe, column))
        try:
            return None if content is None else Block.from_bytes(content)
        except UNREADABLE as error:
            log.warning("%s: %r; fitted again", self._block(recipe, column), error)
            return None

    def put(self, recipe: Recipe, column: int, block: Block) -> None:
        """Keep what a fit forecast."""
        self._store.replace(self._block(recipe, column), block.to_bytes())

    def discard(self) -> None:
        """Forget everything, and let others begin: the back-test is whole."""
        shutil.rmtree(self._folder / self._key, ignore_errors=True)
        self.release()

    def release(self) -> None:
        """Let others begin, from what is kept; the end of the process does the same."""
        self._lock.release()

    def _read(self, key: str) -> bytes | None:
        try:
            return self._store.read(key)
        except KeyError:
            return None

    def _search(self, algorithm: str) -> str:
        return f"{self._key}/search-{algorithm}.json"

    def _block(self, recipe: Recipe, column: int) -> str:
        return f"{self._key}/{recipe.id}-{column}.npz"


def code_sha256() -> str:
    """Return the SHA-256 of all code that is run in a back-test."""
    digest = hashlib.sha256()
    rooms = ("canasta", "orchestration")
    for path in sorted(path for room in rooms for path in (ROOT / room).rglob("*.py")):
        digest.update(f"{path.relative_to(ROOT)}\0".encode())
        digest.update(path.read_bytes())
    return digest.hexdigest()
