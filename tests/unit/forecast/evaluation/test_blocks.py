import zipfile
from dataclasses import fields

import numpy as np
import pytest

from canasta.commodity import Commodity
from canasta.forecast.evaluation.backtest import Backtest, run
from canasta.forecast.evaluation.blocks import Block
from canasta.forecast.evaluation.origins import Window
from canasta.forecast.evaluation.scored import Scored
from canasta.forecast.evaluation.vintages import Vintages
from canasta.forecast.panel import Panel
from canasta.forecast.recipe import XGBOOST, Recipe
from canasta.forecast.training import Trainer
from canasta.parameters import Parameters


def recipe(depth: int) -> Recipe:
    params = {"n_estimators": 5, "max_depth": depth, "eta": 0.2, "min_child_weight": 20.0}
    return Recipe(XGBOOST, dict.fromkeys(("change", "up", "size", "mean"), params))


RECIPES = {"first": recipe(depth=2), "second": recipe(depth=3)}
WINDOW = Window(first=90, stop=108, refit_every=6)


class Kept:
    """Blocks in memory, as the bytes that a store would hold."""

    def __init__(self) -> None:
        self.content: dict[tuple[str, int], bytes] = {}
        self.put_in: list[tuple[str, int]] = []

    def get(self, recipe: Recipe, column: int) -> Block | None:
        content = self.content.get((recipe.id, column))
        return None if content is None else Block.from_bytes(content)

    def put(self, recipe: Recipe, column: int, block: Block) -> None:
        self.content[recipe.id, column] = block.to_bytes()
        self.put_in.append((recipe.id, column))


class Interrupted(Exception):
    pass


@pytest.fixture(scope="module")
def vintages(panel: Panel, parameters: Parameters) -> Vintages:
    return Vintages.unrevised(Trainer.of(panel, parameters.fit, 3, horizons=2))


def back_test(vintages: Vintages, milk: Commodity, kept: Kept | None, fits: int = 99) -> Backtest:
    """Run, and be interrupted after so many fits."""
    slices = tuple(milk.slice_of(key) for key in vintages.newest.panel.keys)
    done = 0

    def count(_: str) -> None:
        nonlocal done
        done += 1
        if done > fits:
            raise Interrupted

    return run(vintages, RECIPES, WINDOW, slices, count, kept)


def test_interrupted_back_test_goes_on_and_ends_in_the_same_bits(
    vintages: Vintages, milk: Commodity
) -> None:
    whole = back_test(vintages, milk, None)
    kept = Kept()
    with pytest.raises(Interrupted):
        back_test(vintages, milk, kept, fits=4)
    before = len(kept.put_in)
    assert before == 5
    resumed = back_test(vintages, milk, kept)
    assert len(set(kept.put_in)) == len(kept.put_in) == 9, "nothing was fitted twice"
    assert resumed.fits == whole.fits
    for name, scored in whole.scored.items():
        for own in fields(Scored):
            ours, theirs = (getattr(one, own.name) for one in (resumed.scored[name], scored))
            assert np.array_equal(ours, theirs, equal_nan=True)


def test_block_survives_being_stored(vintages: Vintages, milk: Commodity) -> None:
    kept = Kept()
    back_test(vintages, milk, kept)
    for (_, column), content in kept.content.items():
        block = Block.from_bytes(content)
        assert block.scored.mean.shape == (2, len(vintages.newest.panel.keys), 6)
        assert block.newest_target is None or block.newest_target == column
    targets = {Block.from_bytes(content).newest_target for content in kept.content.values()}
    assert None in targets, "persistence learnt nothing"


@pytest.mark.parametrize("content", [b"", b"PK\x05\x06 cut", b"no block at all"])
def test_what_is_no_block_is_an_error(content: bytes) -> None:
    with pytest.raises((ValueError, EOFError, zipfile.BadZipFile)):
        Block.from_bytes(content)
