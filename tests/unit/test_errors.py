import inspect
import re

import pytest

from canasta import errors
from canasta.errors import CanastaError, RunInProgress

ALL = [
    member
    for _, member in inspect.getmembers(errors, inspect.isclass)
    if issubclass(member, CanastaError)
]


def drawn_tree() -> dict[str, str | None]:
    """Each class that the module's docstring draws, with the one it hangs from."""
    branches: list[str] = []
    parents: dict[str, str | None] = {}
    for line in (errors.__doc__ or "").splitlines():
        drawn = re.match(r"    ((?:[│ ]   )*)(?:[├└]── )?([A-Z]\w+)  ", line)
        if drawn is None:
            continue
        depth = line.index(drawn[2]) // 4 - 1
        branches[depth:] = [drawn[2]]
        parents[drawn[2]] = branches[depth - 1] if depth else None
    return parents


def test_the_drawing_is_the_tree() -> None:
    bases = {each.__name__: each.__bases__[0].__name__ for each in ALL}
    bases["CanastaError"] = ""
    assert {name: parent or "" for name, parent in drawn_tree().items()} == bases


@pytest.mark.parametrize("error", ALL)
def test_each_says_what_it_is_and_has_an_exit_code(error: type[CanastaError]) -> None:
    assert error.__doc__
    assert error.exit_code == (75 if error is RunInProgress else 1)
