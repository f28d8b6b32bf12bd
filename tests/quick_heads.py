"""Run a command of Canasta whose heads have few trees: `python -m tests.quick_heads daily …`.

All else is as in `params.toml`. What the pipeline's tests look at does not depend on the number of
trees, and with all of them most of their time would be spent on fits. The product knows nothing of
it: what its commands read is replaced from here.
"""

from __future__ import annotations

import sys
from collections.abc import Mapping
from pathlib import Path

from canasta.forecast.recipe import XGBOOST
from canasta.parameters import PARAMETERS, Parameters, read_parameters
from orchestration import workspace
from orchestration.__main__ import main

PART = 5
"""One tree in so many is kept."""
ETA = 0.08
"""So few boosted trees learn too little at the shipped rates, and would never win the title."""


def quick_parameters(path: Path = PARAMETERS) -> Parameters:
    """Return the shipped parameters with few trees."""
    shipped = read_parameters(path)
    heads = {
        algorithm: {head: _quick(algorithm, params) for head, params in heads.items()}
        for algorithm, heads in shipped.heads.items()
    }
    return shipped.model_copy(update={"heads": heads})


def _quick(algorithm: str, params: Mapping[str, float | int]) -> dict[str, float | int]:
    few = {**params, "n_estimators": int(params["n_estimators"]) // PART}
    return {**few, "eta": ETA} if algorithm == XGBOOST else few


def use_quick_heads() -> None:
    """Let the commands of this process read the quick parameters."""
    workspace.read_parameters = quick_parameters  # type: ignore[attr-defined]  # imported there


if __name__ == "__main__":
    use_quick_heads()
    sys.exit(main(sys.argv[1:]))
