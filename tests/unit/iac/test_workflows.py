"""What GitHub's jobs wait for, and what they do not."""

from __future__ import annotations

from typing import Any

import yaml

from canasta.settings import ROOT

GITHUB = ROOT / ".github"


def read(path: str) -> dict[str, Any]:
    content: dict[str, Any] = yaml.safe_load((GITHUB / path).read_text(encoding="utf-8"))
    return content


def test_a_run_that_waits_for_its_approval_holds_no_test_and_no_staging() -> None:
    delivery = read("workflows/deliver.yml")
    assert "concurrency" not in delivery
    groups = {name: job.get("concurrency") for name, job in delivery["jobs"].items()}
    assert groups["check"] is groups["image"] is None
    assert groups["staging"] == {"group": "deliver-staging", "cancel-in-progress": False}
    assert groups["production"] == {"group": "deliver-prod", "cancel-in-progress": False}


def test_no_commit_on_main_waits_for_the_check_of_another() -> None:
    group = read("workflows/ci.yml")["concurrency"]["group"]
    assert "github.ref == 'refs/heads/main' && github.sha" in group


def test_production_takes_what_staging_was_given() -> None:
    jobs = read("workflows/deliver.yml")["jobs"]
    (step,) = [
        step for step in jobs["production"]["steps"] if "with" in step and "url" in step["with"]
    ]
    assert step["with"]["expected-digest"] == "${{ needs.staging.outputs.digest }}"
    assert "digest" in jobs["staging"]["outputs"]


def test_a_job_that_is_cancelled_tells_the_script() -> None:
    steps = read("actions/deliver/action.yml")["runs"]["steps"]
    (run,) = [step["run"] for step in steps if "run" in step]
    assert run.startswith("exec iac/deliver "), "GitHub signals the step's own process alone"
