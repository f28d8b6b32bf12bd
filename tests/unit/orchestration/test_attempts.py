import logging

import pytest

from canasta.errors import ObjectCorrupt, RunInProgress, StepsFailed
from orchestration.attempts import Attempts


def refuse(error: Exception) -> int:
    raise error


def test_what_succeeds_is_returned_and_the_run_is_whole() -> None:
    attempts = Attempts()
    assert attempts.make("Score", lambda: 7, 0) == 7
    attempts.check("make daily")


def test_what_fails_is_told_at_the_end_with_all_else_that_failed(
    caplog: pytest.LogCaptureFixture,
) -> None:
    attempts = Attempts()
    with caplog.at_level(logging.ERROR):
        assert attempts.make("Score", lambda: refuse(ObjectCorrupt("a file is gone")), 3) == 3
        assert caplog.records == [], "its message says enough"
        assert attempts.make("Metrics", lambda: refuse(KeyError("crps")), 4) == 4
    (record,) = caplog.records
    assert record.exc_info is not None, "nobody designed it: its place is needed"
    with pytest.raises(StepsFailed) as raised:
        attempts.check("make daily DATE=2025-04-30")
    told = str(raised.value)
    assert "Score: ObjectCorrupt: a file is gone" in told
    assert "Metrics: KeyError\n" in told
    assert "crps" not in told, "what nobody designed may hold a secret; the log has it"
    assert told.endswith("or `make daily DATE=2025-04-30` now.")
    assert raised.value.exit_code == 1


def test_a_run_that_lost_the_lake_stops_at_once() -> None:
    attempts = Attempts()
    with pytest.raises(RunInProgress):
        attempts.make("Score", lambda: refuse(RunInProgress("taken over")), 0)
    assert attempts.failed == []
