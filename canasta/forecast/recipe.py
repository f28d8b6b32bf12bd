"""A recipe: everything that decides a fit, before any data is seen."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

PERSISTENCE = "persistence"
RANDOM_FOREST = "random-forest"
XGBOOST = "xgboost"
FEATURES = "2"
"""Version of the feature set; raised with every change of features.py's numbers."""


@dataclass(frozen=True)
class Recipe:
    """Algorithm, hyper-parameters and feature-set version.

    `params` holds JSON numbers and strings only, so that a recipe survives being written down.
    """

    algorithm: str
    params: Mapping[str, Any] = field(default_factory=dict)
    features: str = FEATURES

    def as_dict(self) -> dict[str, Any]:
        """Return the recipe as JSON-ready values, parameters sorted by name."""
        params = {name: self.params[name] for name in sorted(self.params)}
        return {"algorithm": self.algorithm, "params": params, "features": self.features}

    @classmethod
    def from_dict(cls, content: Mapping[str, Any]) -> Recipe:
        """Read what `as_dict` returned."""
        return cls(content["algorithm"], dict(content["params"]), content["features"])

    @property
    def id(self) -> str:
        """Twelve hex digits that name the recipe; equal recipes have equal ids."""
        text = json.dumps(self.as_dict(), sort_keys=True)
        return hashlib.sha256(text.encode()).hexdigest()[:12]
