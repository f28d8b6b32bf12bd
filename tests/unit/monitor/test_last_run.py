"""How the last run ended is read from what it wrote for Prometheus."""

from datetime import UTC, date, datetime
from pathlib import Path

import pytest

from canasta.monitor.last_run import LastRun, read_last_run
from canasta.monitor.textfile import Standing, write_standing

ENDED = datetime(2025, 4, 30, 19, 0, 12, 500_000, tzinfo=UTC)


def test_what_a_run_wrote_is_read(tmp_path: Path) -> None:
    standing = Standing(
        commodity="milk", finished=ENDED, failed_steps=2, origin=date(2025, 4, 30),
        quarantined=0, missing=0, version=7,
    )  # fmt: skip
    write_standing(standing, tmp_path)
    assert read_last_run(tmp_path, "milk") == LastRun(ENDED, 2)
    assert read_last_run(tmp_path, "eggs") is None


@pytest.mark.parametrize(
    "content",
    ["", "canasta_pipeline_run_timestamp_seconds{commodity=", "\udcff", "up 1.0\n"],
)
def test_a_file_that_says_nothing_is_no_run(tmp_path: Path, content: str) -> None:
    folder = tmp_path / "metrics"
    folder.mkdir()
    (folder / "milk.prom").write_bytes(content.encode("utf-8", "surrogateescape"))
    assert read_last_run(tmp_path, "milk") is None
