import json
import math
from pathlib import Path

import numpy as np
import pytest

from canasta.errors import ObjectCorrupt
from canasta.forecast.recipe import PERSISTENCE, RANDOM_FOREST, XGBOOST
from canasta.registry.bundle import FORMAT, bundle_ref, read_bundle, read_files, write_bundle
from canasta.registry.objects import ObjectRef, sha256, to_json
from canasta.store import Store
from tests.unit.registry.builders import bundle, fitted, rows


def store(lake: Store, files: dict[str, bytes], folder: str = "bundles/1") -> ObjectRef:
    for name, content in files.items():
        lake.replace(f"{folder}/{name}", content)
    return bundle_ref(folder, files)


@pytest.mark.parametrize("algorithm", [PERSISTENCE, RANDOM_FOREST, XGBOOST])
def test_what_is_read_predicts_the_same_bits_as_what_was_written(
    algorithm: str, tmp_path: Path
) -> None:
    written = bundle(fitted(algorithm), {"rmse": 0.35, "dm_rmse": math.nan})
    lake = Store(str(tmp_path))
    ref = store(lake, write_bundle(written))
    found = read_bundle(lake, ref)
    assert found.predictor.recipe == written.predictor.recipe
    for one, other in zip(found.predictor.hurdles, written.predictor.hurdles, strict=True):
        assert (one.features, one.heads) == (other.features, other.heads)
        assert one.calibration.as_dict() == other.calibration.as_dict()
    assert found.predictor.market_weight == written.predictor.market_weight
    assert (found.trained_from, found.trained_to) == (written.trained_from, written.trained_to)
    assert (found.source, found.lineage) == (written.source, written.lineage)
    assert found.training == written.training
    assert found.metrics["rmse"] == 0.35
    assert math.isnan(found.metrics["dm_rmse"])
    for one, other in zip(found.predictor.hurdles, written.predictor.hurdles, strict=True):
        made, expected = one.predict(rows(50)), other.predict(rows(50))
        np.testing.assert_array_equal(made.atoms, expected.atoms)
        np.testing.assert_array_equal(made.weights, expected.weights)


def test_the_forest_in_the_bundle_predicts_what_scikit_learn_does() -> None:
    model = fitted(RANDOM_FOREST)
    files = write_bundle(bundle(model))
    found = read_files(bundle_ref("bundle", files), files)
    for horizon, hurdle in enumerate(found.predictor.hurdles, start=1):
        expected = model.natives[f"{horizon}-mean"].predict(rows(50))
        np.testing.assert_allclose(hurdle.outputs(rows(50))["mean"], expected, rtol=0, atol=1e-12)


def test_equal_bundles_give_equal_bytes_and_the_manifest_comes_last() -> None:
    one, two = (write_bundle(bundle(fitted(XGBOOST))) for _ in range(2))
    assert one == two
    assert list(one)[-1] == "manifest.json"
    hashes = json.loads(one["manifest.json"])["files"]
    assert hashes == {name: sha256(one[name]) for name in one if name != "manifest.json"}


@pytest.mark.parametrize("name", ["manifest.json", "model.json", "trees-2-up.treelite"])
def test_one_changed_or_missing_byte_is_refused(name: str, tmp_path: Path) -> None:
    lake = Store(str(tmp_path))
    files = write_bundle(bundle(fitted(XGBOOST)))
    ref = store(lake, files)
    damaged = bytearray(files[name])
    damaged[len(damaged) // 2] ^= 1
    lake.replace(f"bundles/1/{name}", bytes(damaged))
    with pytest.raises(ObjectCorrupt, match=name):
        read_bundle(lake, ref)
    (tmp_path / "bundles" / "1" / name).unlink()
    with pytest.raises(ObjectCorrupt, match=f"{name} is promoted but missing"):
        read_bundle(lake, ref)


def test_of_later_horizons_nothing_is_read_that_nobody_asked_for(tmp_path: Path) -> None:
    lake, written = Store(str(tmp_path)), bundle(fitted(XGBOOST))
    ref = store(lake, write_bundle(written))
    for file in (tmp_path / "bundles" / "1").glob("trees-2-*"):
        file.unlink()
    found = read_bundle(lake, ref, horizons=1)
    (hurdle,), expected = found.predictor.hurdles, written.predictor.hurdles[0]
    assert hurdle.heads == expected.heads
    np.testing.assert_array_equal(hurdle.predict(rows(50)).atoms, expected.predict(rows(50)).atoms)
    with pytest.raises(ObjectCorrupt, match=r"trees-2-\w+\.treelite is promoted but missing"):
        read_bundle(lake, ref)


@pytest.mark.parametrize("name", ["model.json", "trees-1-up.treelite"])
def test_of_the_horizons_that_are_read_every_byte_counts(name: str, tmp_path: Path) -> None:
    lake, files = Store(str(tmp_path)), write_bundle(bundle(fitted(XGBOOST)))
    ref = store(lake, files)
    lake.replace(f"bundles/1/{name}", files[name][:-1])
    with pytest.raises(ObjectCorrupt, match=name):
        read_bundle(lake, ref, horizons=1)


def test_another_format_is_refused(tmp_path: Path) -> None:
    lake = Store(str(tmp_path))
    manifest = to_json({"format": 99, "files": {}})
    with pytest.raises(ObjectCorrupt, match=f"has format 99, expected {FORMAT}"):
        read_bundle(lake, store(lake, {"manifest.json": manifest}))


@pytest.mark.parametrize("model", [b"{}", b"[]", b"{", b'{"recipe": 3}'])
def test_a_description_that_is_none_is_refused(model: bytes, tmp_path: Path) -> None:
    lake = Store(str(tmp_path))
    manifest = to_json({"format": FORMAT, "files": {"model.json": sha256(model)}})
    ref = store(lake, {"model.json": model, "manifest.json": manifest})
    with pytest.raises(ObjectCorrupt, match=r"model\.json"):
        read_bundle(lake, ref)
