from __future__ import annotations

import threading
from contextlib import suppress
from functools import partial

import pytest

from deployment.app.deadline import Deadline

LONG_S = 60.0


def test_what_is_done_in_time_is_returned_or_raised() -> None:
    within = Deadline(LONG_S)
    assert [within(lambda: 1), within(lambda: 2)] == [1, 2]
    with pytest.raises(ZeroDivisionError):
        within(lambda: 1 // 0)
    assert within(lambda: 3) == 3


def test_what_is_late_goes_on_alone_and_its_result_is_nobodys() -> None:
    within, may_end, begun = Deadline(0.05), threading.Event(), list[str]()

    def late(name: str) -> str:
        begun.append(name)
        may_end.wait(LONG_S)
        return name

    for name in ("one", "two", "three"):
        with pytest.raises(TimeoutError):
            within(partial(late, name))
    assert begun == ["one"]
    may_end.set()
    assert _heard(within, "four") == "four"
    assert begun == ["one"]


def _heard(within: Deadline, name: str) -> str:
    """Ask until there is time: what was late has to end first."""
    for _ in range(100):
        with suppress(TimeoutError):
            return within(lambda: name)
    pytest.fail("It is never heard again.")
