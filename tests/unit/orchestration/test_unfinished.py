import logging
from pathlib import Path

import numpy as np
import pytest

from canasta.errors import RunInProgress
from canasta.forecast.evaluation.blocks import Block
from canasta.forecast.evaluation.scored import Scored
from canasta.forecast.recipe import Recipe
from orchestration.unfinished import FOLDER, Unfinished

RECIPE = Recipe("xgboost", {"change": {"eta": 0.123456789012345}})
OTHER = Recipe("xgboost", {"change": {"eta": 0.2}})


def block(value: float = 1.5) -> Block:
    scored = Scored.empty(2, 3, 4)
    scored.mean[0, 1, 2] = value
    return Block(scored, newest_target=7)


def test_parts_are_found_again_by_the_same_back_test_alone(tmp_path: Path) -> None:
    first = Unfinished(tmp_path, {"seed": 1})
    first.keep_recipe(RECIPE)
    first.put(RECIPE, 10, block())
    first.release()
    same, other = Unfinished(tmp_path, {"seed": 1}), Unfinished(tmp_path, {"seed": 2})
    assert same.parts == 2
    assert same.recipe("xgboost") == RECIPE
    found = same.get(RECIPE, 10)
    assert found is not None
    assert found.newest_target == 7
    assert np.array_equal(found.scored.mean, block().scored.mean, equal_nan=True)
    assert same.recipe("random-forest") is None
    assert same.get(RECIPE, 20) is None
    assert same.get(OTHER, 10) is None
    assert other.parts == 0
    assert other.recipe("xgboost") is None
    assert other.get(RECIPE, 10) is None


def test_a_back_test_that_ended_forgets_its_own_parts(tmp_path: Path) -> None:
    ended, running = Unfinished(tmp_path, {"seed": 1}), Unfinished(tmp_path, {"seed": 2})
    for one in (ended, running):
        one.put(RECIPE, 10, block())
    ended.discard()
    assert ended.parts == 0
    assert running.parts == 1


@pytest.mark.parametrize("cut", [0, 20, 200])
def test_part_that_is_cut_is_made_again(
    tmp_path: Path, cut: int, caplog: pytest.LogCaptureFixture
) -> None:
    unfinished = Unfinished(tmp_path, {})
    unfinished.put(RECIPE, 10, block())
    (file,) = (tmp_path / FOLDER).rglob("*.npz")
    file.write_bytes(file.read_bytes()[:cut])
    with caplog.at_level(logging.WARNING):
        assert unfinished.get(RECIPE, 10) is None
    assert "fitted again" in caplog.text


@pytest.mark.parametrize("content", [b"", b"{}", b"[]", b"null", b'{"algorithm": 1}', b"\xff"])
def test_search_that_cannot_be_read_is_made_again(tmp_path: Path, content: bytes) -> None:
    unfinished = Unfinished(tmp_path, {})
    unfinished.keep_recipe(RECIPE)
    (file,) = (tmp_path / FOLDER).rglob("*.json")
    file.write_bytes(content)
    assert unfinished.recipe("xgboost") is None


def test_the_same_back_test_does_not_run_twice_at_once(tmp_path: Path) -> None:
    running = Unfinished(tmp_path, {"seed": 1})
    with pytest.raises(RunInProgress, match="running already"):
        Unfinished(tmp_path, {"seed": 1})
    running.discard()
    assert Unfinished(tmp_path, {"seed": 1}).parts == 0
