import json
import math
from typing import Any

import numpy as np
import pytest

from canasta.deliver.backtest.files import backtest_json, figures, mean_figures, seeds_json
from canasta.forecast.evaluation.backtest import Backtest
from canasta.parameters import read_parameters
from canasta.registry.evidence import gather
from canasta.registry.gate import decide
from canasta.registry.steps import Ruling
from tests.unit.registry.builders import competition

MEASURES = {
    "mae", "rmse", "mae_skill", "rmse_skill", "crps", "crps_skill", "dm_rmse", "dm_mae", "dm_crps",
    "auc", "ece", "winkler_ratio_95", "coverage_80", "coverage_95", "coverage_95_active",
}  # fmt: skip
"""What readers of backtest.json are promised."""


@pytest.fixture(scope="module")
def backtest() -> Backtest:
    return competition({"xgboost": 0.5, "random-forest": 0.2})


def written(backtest: Backtest) -> dict[str, Any]:
    evidence = gather(backtest, None, ["xgboost", "random-forest"])
    margins = read_parameters().gate
    ruling = Ruling(evidence, margins, decide(evidence, margins))
    content: dict[str, Any] = json.loads(backtest_json(backtest, 4, ruling))
    return content


def test_the_file_holds_what_it_promises(backtest: Backtest) -> None:
    content = written(backtest)
    assert content["window"] == {
        "from": backtest.targets[0].isoformat(),
        "to": backtest.targets[-1].isoformat(),
        "origins": 60,
    }
    assert content["seed"] == 4
    assert content["models"].keys() == {"persistence", "xgboost", "random-forest"}
    for by_horizon in content["models"].values():
        assert by_horizon.keys() == {"1"}
        assert by_horizon["1"].keys() >= MEASURES
    assert content["slices"].keys() == {"North", "South"}
    assert content["decision"]["decision"]["winner"] == "xgboost"


def test_figures_are_those_of_the_back_test(backtest: Backtest) -> None:
    content = written(backtest)
    for part, measured in ((None, content["models"]), ("South", content["slices"]["South"])):
        for name in backtest.recipes:
            for measure, value in backtest.metrics(name, part).items():
                kept = measured[name]["1"][measure]
                assert kept is None if math.isnan(value) else kept == value


def test_what_could_not_be_measured_is_null() -> None:
    still = competition({"xgboost": 0.5}, origins=3)
    still.changes[:] = np.nan
    content = json.loads(seeds_json(still, {1: figures(still)}))
    measured = content["means"]["xgboost"]["1"]
    assert {measured[name] for name in MEASURES if "crps" not in name} == {None}


def test_means_are_over_all_seeds(backtest: Backtest) -> None:
    other = competition({"xgboost": 0.3, "random-forest": 0.25}, seed=6)
    by_seed = {1: figures(backtest), 2: figures(other)}
    content = json.loads(seeds_json(backtest, by_seed))
    assert content["seeds"].keys() == {"1", "2"}
    for name in ("xgboost", "random-forest"):
        each = [one[name]["1"]["rmse"] for one in by_seed.values()]
        assert content["means"][name]["1"]["rmse"] == pytest.approx(np.mean(each))


def test_contestants_of_one_seed_alone_have_no_mean(backtest: Backtest) -> None:
    other = competition({"xgboost": 0.3})
    assert mean_figures([figures(backtest), figures(other)]).keys() == {"persistence", "xgboost"}
