from __future__ import annotations

import numpy as np
import pytest

from canasta.errors import ObjectCorrupt
from canasta.forecast.hurdle.trees import Trees


@pytest.mark.parametrize("content", [b"", b"no trees"])
def test_what_is_no_trees_is_said_to_be_none(content: bytes) -> None:
    with pytest.raises(ObjectCorrupt, match="no trees"):
        Trees(content).predict(np.zeros((1, 2), np.float32))
