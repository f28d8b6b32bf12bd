import math

import numpy as np
import pytest

from canasta.forecast.hurdle.mixture import CHANGE, HEADS, MEAN, SIZE_DOWN, SIZE_UP, UP
from canasta.forecast.hurdle.stages import Stage, stages
from canasta.forecast.recipe import RANDOM_FOREST, XGBOOST
from tests.unit.registry.builders import fitted, rows


@pytest.mark.parametrize("algorithm", [RANDOM_FOREST, XGBOOST])
def test_each_stage_is_what_that_step_gives(algorithm: str) -> None:
    hurdle = fitted(algorithm).predictor.hurdles[0]
    calibration = hurdle.calibration
    tilted = 0
    for row in rows(30):
        found = stages(hurdle, row)
        outputs, made = hurdle.outputs(row[np.newaxis]), hurdle.predict(row[np.newaxis])
        assert list(found) == list(HEADS)
        for head in (CHANGE, UP, MEAN):
            assert found[head].trees == outputs[head][0]
        for head in (SIZE_UP, SIZE_DOWN):
            assert found[head].trees == pytest.approx(math.exp(outputs[head][0]))
        assert found[CHANGE].calibrated == calibration.change(outputs[CHANGE])[0]
        assert found[UP].calibrated == calibration.up(outputs[UP])[0]
        assert found[CHANGE].published == made.p_change[0]
        assert found[UP].published * found[CHANGE].published == pytest.approx(made.p_up[0])
        assert found[MEAN].published == made.mean[0]
        assert_adds_up(found, "published")
        assert_adds_up(found, "calibrated")
        if abs(found[UP].published - 0.5) < 0.5 - calibration.up_floor - 1e-9:
            tilted += 1
            blend = (1 - calibration.tilt) * found[MEAN].calibrated
            blend += calibration.tilt * found[MEAN].trees
            assert found[MEAN].published == pytest.approx(blend, abs=1e-12)
    assert tilted > 5


def assert_adds_up(found: dict[str, Stage], stage: str) -> None:
    """A mean is that of a rise and of a fall, each as likely as the stage says."""
    change, share = getattr(found[CHANGE], stage), getattr(found[UP], stage)
    rise, fall = found[SIZE_UP].published, found[SIZE_DOWN].published
    expected = change * (share * rise - (1 - share) * fall)
    assert getattr(found[MEAN], stage) == pytest.approx(expected, abs=1e-12)
