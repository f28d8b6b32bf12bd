"""The main job with its lake on a real S3 server: the same lake, report and decision as on disk."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from canasta.ingest.lease import LEASE, Lease
from canasta.s3 import Bucket
from tests.integration.conftest import FirstRun
from tests.integration.pipeline_setting import Ended, House
from tests.integration.test_pipeline_interrupted import SAME, kill_when
from tests.s3_server import BUCKET, s3_server

EARLY = "2024-02-21"
"""A day with twenty publications: no contest can be held, and runs are short."""
OF_ITS_OWN = {"time", "promotion_time", "run_id", "artifact_uri", "decision", "previous", "made_at"}
"""What differs between any two runs: clock, MLflow's identifiers, names that hold a time."""


def assert_one_clear_error(ended: Ended, *parts: str) -> None:
    assert ended.code == 1, ended.told()
    lines = [line for line in ended.err.splitlines() if line.startswith("LakeUnreachable: ")]
    assert len(lines) == 1, ended.err
    assert "Traceback" not in ended.told()
    assert [part for part in parts if part not in lines[0]] == []


def lasting(content: Any) -> Any:
    """Return what two runs on equal publications must agree upon."""
    if isinstance(content, Mapping):
        return {name: lasting(value) for name, value in content.items() if name not in OF_ITS_OWN}
    return [lasting(value) for value in content] if isinstance(content, list) else content


@pytest.fixture
def on_s3(tmp_path: Path, prefect_api: str, s3_url: str) -> House:
    """An empty house whose lake lies on S3."""
    return House(tmp_path, prefect_api, lake_url=s3_url)


@pytest.mark.slow
def test_lake_report_and_decision_are_those_of_a_local_run_after_an_outage_too(
    tmp_path: Path, prefect_api: str, first_run: FirstRun, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The server goes away half-way: one clear error; it comes back: the next run completes."""
    with s3_server(tmp_path / "server") as server:
        for name, value in server.variables.items():
            monkeypatch.setenv(name, value)
        local = first_run.house
        variables = {"LOCK_TTL_S": "5", "PUBLICATIONS": str(local.folder / "publications")}
        house = House(tmp_path, prefect_api, variables, f"s3://{BUCKET}/some/lake")

        printed, ended = kill_when(
            house, lambda told: "✓ Search random-forest" in told, kill=server.stop
        )
        assert_one_clear_error(ended, server.endpoint, "gave no answer that can be used")
        assert "✓ Ingest" in printed

        server.start()
        ended = house.daily(FirstRun.DAY)
        assert ended.code == 0, ended.told()
        assert ended.err == "" or "took over the lease" in ended.err
        assert house.hashes(*SAME, "compacted", "received") == local.hashes(
            *SAME, "compacted", "received"
        )
        name = f"predicciones_{FirstRun.TARGET}.csv"
        assert (house.reports / name).read_bytes() == (local.reports / name).read_bytes()
        assert lasting(house.decisions()) == lasting(local.decisions())
        pointers = [
            lasting(json.loads(one.lake.read("promoted/daily_model.json")))
            for one in (house, local)
        ]
        assert pointers[0] == pointers[1]
        assert house.tracking.aliases() == local.tracking.aliases()

        before = house.hashes()
        again = house.daily(FirstRun.DAY)
        assert again.code == 0, again.told()
        assert house.hashes() == before, "running twice writes nothing"
        assert server.endpoint not in (house.reports / name).read_text()


def test_wrong_credentials_end_in_one_clear_error(on_s3: House) -> None:
    wrong = {"AWS_SECRET_ACCESS_KEY": "guessed-wrong"}
    for command in (("daily", "--date", EARLY), ("status",)):
        ended = on_s3.run(*command, **wrong)
        assert_one_clear_error(ended, "refuses the credentials", "AWS_SECRET_ACCESS_KEY")
        assert "guessed-wrong" not in ended.told()
    assert on_s3.hashes() == {}


def test_second_run_says_so_and_exits_75(on_s3: House) -> None:
    with Lease(Bucket(on_s3.lake_url), 60):
        ended = on_s3.daily(EARLY)
    assert ended.code == 75, ended.told()
    assert "Another run" in ended.err
    assert on_s3.hashes() == {}


def test_run_gives_its_lease_back(on_s3: House) -> None:
    assert on_s3.daily(EARLY).code == 0
    assert json.loads(on_s3.lake.read(LEASE))["released"] is True
    assert on_s3.daily(EARLY).code == 0, "it need not wait for anything"
    status = on_s3.run("status")
    assert f"{date(2024, 1, 3)} to {EARLY}" in status.out
    assert on_s3.lake_url in status.out
