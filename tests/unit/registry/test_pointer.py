import json
import math
from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest

from canasta.errors import ObjectCorrupt
from canasta.registry.objects import ObjectRef, to_json
from canasta.registry.pointer import POINTER, Pointer, Title, current
from canasta.store import Store
from tests.unit.registry.builders import RECIPES

MADE = Pointer(
    title=Title(
        model_name="milk-price-predictor",
        version=3,
        run_id="run",
        artifact_uri="file:///models/m-1",
        rmse=0.341,
        recipe=RECIPES["xgboost"],
        bundle=ObjectRef("bundles/3/manifest.json", "b" * 64),
    ),
    promotion_time="2025-04-30T19:00:00+00:00",
    panel=ObjectRef("panels/2025-04-30-x.npz", "c" * 64),
    origin=date(2025, 4, 30),
    challenger=2,
    previous="decisions/1.json",
    decision="decisions/2.json",
)


@pytest.fixture
def lake(tmp_path: Path) -> Store:
    return Store(str(tmp_path))


@pytest.mark.parametrize("made", [MADE, replace(MADE, challenger=None, previous=None)])
def test_a_pointer_comes_back(made: Pointer, lake: Store) -> None:
    lake.replace(POINTER, to_json(made.as_dict()))
    assert current(lake) == made


def test_it_keeps_the_keys_of_the_earlier_system() -> None:
    keys = {"model_name", "version", "run_id", "artifact_uri", "rmse", "promotion_time"}
    assert keys <= MADE.as_dict().keys()
    assert POINTER == "promoted/daily_model.json"


def test_an_unknown_rmse_is_null(lake: Store) -> None:
    made = replace(MADE, title=replace(MADE.title, rmse=math.nan))
    lake.replace(POINTER, json.dumps(made.as_dict(), allow_nan=False).encode())
    found = current(lake)
    assert found is not None
    assert math.isnan(found.title.rmse)


def test_without_a_pointer_nothing_is_live(lake: Store) -> None:
    assert current(lake) is None


def test_an_earlier_system_s_pointer_counts_as_none(
    lake: Store, caplog: pytest.LogCaptureFixture
) -> None:
    old = {"model_name": "milk", "version": "4", "run_id": "r", "artifact_uri": "s3://b/m",
           "rmse": 0.9, "promotion_time": "2025-01-01"}  # fmt: skip
    lake.replace(POINTER, json.dumps(old).encode())
    assert current(lake) is None
    assert "earlier system" in caplog.text


@pytest.mark.parametrize(
    "content",
    [b"{", b"[]", b'{"bundle": {}}', to_json({**MADE.as_dict(), "origin": "yesterday"})],
)
def test_a_damaged_pointer_says_what_to_do(content: bytes, lake: Store) -> None:
    lake.replace(POINTER, content)
    with pytest.raises(ObjectCorrupt, match="Remove it: the next run writes it again"):
        current(lake)
