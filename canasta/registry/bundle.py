"""Bundles: a fitted model as files that serving reads, hashed, with nothing that could run code.

A bundle is `model.json`, one treelite file for each head of each horizon, and `manifest.json` with
the SHA-256 of each. The manifest's own SHA-256 is the bundle's.

Part of the serving path: NumPy, treelite and the standard library alone.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from canasta.errors import ObjectCorrupt
from canasta.forecast.hurdle.mixture import Calibration, Hurdle
from canasta.forecast.predictor import Predictor
from canasta.forecast.recipe import Recipe
from canasta.registry.lineage import Lineage
from canasta.registry.objects import ObjectRef, Reader, read_verified, sha256, to_json

FORMAT = 3
"""Version of the layout; a reader refuses any other."""

MANIFEST = "manifest.json"
MODEL = "model.json"


@dataclass(frozen=True)
class Bundle:
    """A fitted model, and all that is needed to fit it again.

    Attributes:
        predictor: the model.
        trained_from: date of the first publication it was fitted on.
        trained_to: date of the last.
        source: kind of the lake that they came from, such as `simulated`.
        lineage: what it was made from.
        training: parameters of the fit that are no recipe's, by section and name.
        metrics: back-test measures of its recipe, by name; NaN is written as null.
    """

    predictor: Predictor
    trained_from: date
    trained_to: date
    source: str
    lineage: Lineage
    training: Mapping[str, Any]
    metrics: Mapping[str, float] = field(default_factory=dict)


def write_bundle(bundle: Bundle) -> dict[str, bytes]:
    """Return the bundle's files by name, the manifest last; equal bundles give equal bytes."""
    files = {
        _trees_name(horizon, head): content
        for horizon, hurdle in enumerate(bundle.predictor.hurdles, start=1)
        for head, content in sorted(hurdle.heads.items())
    }
    files[MODEL] = to_json(_description(bundle))
    hashes = {name: sha256(content) for name, content in files.items()}
    return {**files, MANIFEST: to_json({"format": FORMAT, "files": hashes})}


def bundle_ref(folder: str, files: Mapping[str, bytes]) -> ObjectRef:
    """Return the reference of the bundle whose `files` are stored under `folder`."""
    return ObjectRef(f"{folder}/{MANIFEST}", sha256(files[MANIFEST]))


def bundle_sha256(bundle: Bundle) -> str:
    """Return the SHA-256 that names `bundle`: that of its manifest."""
    return sha256(write_bundle(bundle)[MANIFEST])


def read_bundle(reader: Reader, ref: ObjectRef, horizons: int | None = None) -> Bundle:
    """Read the bundle that `ref` names, every file against its hash first.

    Args:
        reader: holds its files.
        ref: of the bundle.
        horizons: how many are read: the predictor then knows the first ones alone, and what
            belongs to others may be damaged. None for all, and for every file of the bundle.

    Raises:
        ObjectCorrupt: a file is missing, does not match its hash, or is not of this format.
    """
    folder = ref.key.removesuffix(f"/{MANIFEST}")
    hashes = _hashes(reader, ref)

    def read(names: Iterable[str]) -> dict[str, bytes]:
        refs = {name: ObjectRef(f"{folder}/{name}", hashes[name]) for name in names}
        return {name: read_verified(reader, refs[name]) for name in refs}

    try:
        model = _json(f"{folder}/{MODEL}", read([MODEL])[MODEL])
        wanted = model["horizons"][:horizons]
        trees = [name for one in wanted for name in one["trees"].values()]
        files = read(trees if horizons is not None else hashes.keys() - {MODEL})
        return _bundle({**model, "horizons": wanted}, files)
    except (KeyError, TypeError, ValueError) as error:
        raise ObjectCorrupt(f"{folder}/{MODEL} lacks or misstates a field: {error!r}") from error


def _hashes(reader: Reader, ref: ObjectRef) -> dict[str, str]:
    """Return the SHA-256 of each file of a bundle, by name, as its manifest says."""
    manifest = _json(ref.key, read_verified(reader, ref))
    if manifest.get("format") != FORMAT:
        raise ObjectCorrupt(
            f"{ref.key} has format {manifest.get('format')!r}, expected {FORMAT}. "
            "Read it with the release of Canasta that wrote it, or run `make retrain`."
        )
    hashes: dict[str, str] = manifest["files"]
    return hashes


def read_files(ref: ObjectRef, files: Mapping[str, bytes]) -> Bundle:
    """Read the bundle that `ref` names from `files` by name, instead of a store.

    Raises:
        ObjectCorrupt: as `read_bundle`.
    """
    folder = ref.key.removesuffix(f"/{MANIFEST}")
    return read_bundle(_InMemory({f"{folder}/{name}": files[name] for name in files}), ref)


@dataclass(frozen=True)
class _InMemory:
    objects: Mapping[str, bytes]

    def read(self, key: str) -> bytes:
        return self.objects[key]


def _trees_name(horizon: int, head: str) -> str:
    return f"trees-{horizon}-{head}.treelite"


def _description(bundle: Bundle) -> dict[str, Any]:
    predictor = bundle.predictor
    return {
        "recipe": predictor.recipe.as_dict(),
        "recipe_id": predictor.recipe.id,
        "market_weight": predictor.market_weight,
        "horizons": [
            {
                "features": list(hurdle.features),
                "calibration": hurdle.calibration.as_dict(),
                "trees": {head: _trees_name(horizon, head) for head in hurdle.heads},
            }
            for horizon, hurdle in enumerate(predictor.hurdles, start=1)
        ],
        "trained_from": bundle.trained_from.isoformat(),
        "trained_to": bundle.trained_to.isoformat(),
        "source": bundle.source,
        "lineage": bundle.lineage.as_dict(),
        "training": dict(bundle.training),
        "metrics": dict(bundle.metrics),
    }


def _bundle(model: Mapping[str, Any], files: Mapping[str, bytes]) -> Bundle:
    nan = float("nan")
    hurdles = tuple(_hurdle(horizon, files) for horizon in model["horizons"])
    return Bundle(
        Predictor(Recipe.from_dict(model["recipe"]), hurdles, model["market_weight"]),
        date.fromisoformat(model["trained_from"]),
        date.fromisoformat(model["trained_to"]),
        model["source"],
        Lineage.from_dict(model["lineage"]),
        model["training"],
        {name: nan if value is None else value for name, value in model["metrics"].items()},
    )


def _hurdle(horizon: Mapping[str, Any], files: Mapping[str, bytes]) -> Hurdle:
    heads = {head: files[name] for head, name in horizon["trees"].items()}
    calibration = Calibration.from_dict(horizon["calibration"])
    return Hurdle(tuple(horizon["features"]), heads, calibration)


def _json(key: str, content: bytes) -> dict[str, Any]:
    try:
        parsed = json.loads(content)
    except ValueError as error:
        raise ObjectCorrupt(f"{key} is not JSON: {error}") from error
    if not isinstance(parsed, dict):
        raise ObjectCorrupt(f"{key} holds {type(parsed).__name__}, expected an object")
    return parsed
