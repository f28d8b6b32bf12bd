"""The pointer `promoted/daily_model.json`: which model and panel are live. It is the truth.

Part of the serving path: NumPy, treelite and the standard library alone.
"""

from __future__ import annotations

import json
import logging
import math
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

from canasta.errors import ObjectCorrupt
from canasta.forecast.recipe import Recipe
from canasta.registry.objects import ObjectRef, Reader

log = logging.getLogger(__name__)

POINTER = "promoted/daily_model.json"
"""The key of an earlier system, kept so that its readers find it."""

REPAIR = (
    "Remove it: the next run writes it again from the newest file under decisions/. Or restore "
    "it from a backup of the lake."
)
"""What to do about a pointer that cannot be read."""


@dataclass(frozen=True)
class Title:
    """What holds the title: one version of the registered model.

    Attributes:
        model_name: name of the registered model.
        version: its version in MLflow.
        run_id: the MLflow run that made it.
        artifact_uri: where MLflow keeps the model.
        rmse: back-test RMSE of its recipe, in the commodity's unit; NaN where unknown.
        recipe: what was fitted.
        bundle: its files in the lake.
    """

    model_name: str
    version: int
    run_id: str
    artifact_uri: str
    rmse: float
    recipe: Recipe
    bundle: ObjectRef


@dataclass(frozen=True)
class Pointer:
    """What is live.

    Attributes:
        title: the champion.
        promotion_time: when it got the title, ISO 8601 in UTC.
        panel: the published history and forecasts.
        origin: newest publication of that panel.
        challenger: version of the runner-up; None where there is none.
        previous: key of the decision that a rollback returns to; None where there is none.
        decision: key of the decision that led here.
    """

    title: Title
    promotion_time: str
    panel: ObjectRef
    origin: date
    challenger: int | None
    previous: str | None
    decision: str

    def as_dict(self) -> dict[str, Any]:
        """Return the pointer as JSON-ready values, an earlier system's keys among them."""
        title = self.title
        return {
            "model_name": title.model_name,
            "version": title.version,
            "run_id": title.run_id,
            "artifact_uri": title.artifact_uri,
            "rmse": title.rmse if math.isfinite(title.rmse) else None,
            "promotion_time": self.promotion_time,
            "recipe": title.recipe.as_dict(),
            "bundle": title.bundle.as_dict(),
            "panel": self.panel.as_dict(),
            "origin": self.origin.isoformat(),
            "challenger": self.challenger,
            "previous": self.previous,
            "decision": self.decision,
        }

    @classmethod
    def from_dict(cls, content: Mapping[str, Any]) -> Pointer:
        """Read what `as_dict` returned.

        Raises:
            ObjectCorrupt: a field is missing or of the wrong kind.
        """
        try:
            return _pointer(content)
        except (KeyError, TypeError, ValueError) as error:
            raise ObjectCorrupt(
                f"{POINTER} lacks or misstates a field: {error!r}. {REPAIR}"
            ) from error


def _pointer(content: Mapping[str, Any]) -> Pointer:
    title = Title(
        model_name=content["model_name"],
        version=int(content["version"]),
        run_id=content["run_id"],
        artifact_uri=content["artifact_uri"],
        rmse=math.nan if content["rmse"] is None else float(content["rmse"]),
        recipe=Recipe.from_dict(content["recipe"]),
        bundle=ObjectRef.from_dict(content["bundle"]),
    )
    return Pointer(
        title,
        content["promotion_time"],
        ObjectRef.from_dict(content["panel"]),
        date.fromisoformat(content["origin"]),
        content["challenger"],
        content["previous"],
        content["decision"],
    )


def stored(reader: Reader) -> bytes | None:
    """Return the pointer's bytes as they stand; None where there is none."""
    try:
        return reader.read(POINTER)
    except KeyError:
        return None


def read_raw(reader: Reader) -> dict[str, Any] | None:
    """Return the pointer's JSON as it stands; None where there is none.

    Raises:
        ObjectCorrupt: it is no JSON object.
    """
    found = stored(reader)
    return None if found is None else _json(found)


def current(reader: Reader) -> Pointer | None:
    """Return what is live; None where nothing is promoted yet.

    A pointer of an earlier system counts as none, as `parsed` says; the first promotion keeps
    its content in the decision record.

    Raises:
        ObjectCorrupt: the pointer cannot be read.
    """
    found = stored(reader)
    return None if found is None else parsed(found)


def parsed(content: bytes) -> Pointer | None:
    """Return the pointer that `content` is; None for one of an earlier system.

    Such a one names no bundle: nothing that can be read safely.

    Raises:
        ObjectCorrupt: it is no pointer.
    """
    found = _json(content)
    if "bundle" not in found:
        log.warning("%s names no bundle; it is taken for an earlier system's", POINTER)
        return None
    return Pointer.from_dict(found)


def _json(content: bytes) -> dict[str, Any]:
    try:
        found = json.loads(content)
    except ValueError as error:
        raise ObjectCorrupt(f"{POINTER} is not JSON: {error}. {REPAIR}") from error
    if not isinstance(found, dict):
        raise ObjectCorrupt(f"{POINTER} holds {type(found).__name__}, expected an object. {REPAIR}")
    return found
