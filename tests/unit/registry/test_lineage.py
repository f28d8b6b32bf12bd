import json

import pytest

from canasta.registry.lineage import Lineage
from tests.unit.registry.builders import LINEAGE


def test_it_comes_back_from_json_among_other_things() -> None:
    written = json.dumps({**LINEAGE.as_dict(), "kind": "search"})
    assert Lineage.from_dict(json.loads(written)) == LINEAGE


@pytest.mark.parametrize("name", list(LINEAGE.as_dict()))
def test_nothing_of_it_may_be_missing(name: str) -> None:
    content = LINEAGE.as_dict()
    del content[name]
    with pytest.raises(KeyError, match=name):
        Lineage.from_dict(content)
