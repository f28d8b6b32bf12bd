"""iac/run and iac/deploy as they order their steps: tools that only write down how they were called.

What the real ones make of the same commands, `make infra-emulated` shows.
"""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import pytest

from canasta.settings import ROOT

NEW, OLD = "sha256:" + "1" * 64, "sha256:" + "2" * 64
REPOSITORY = "123456789012.dkr.ecr.us-east-1.amazonaws.com/canasta"

TERRAFORM = f"""
echo "terraform $*" >> "$CALLS"
case "$*" in
  version) echo "Terraform v${{VERSION:-1.11.4}}" ;;
  "output -raw function_name") [ -n "${{RUNNING:-}}" ] && echo canasta ;;
  "output -raw alias") echo live ;;
  "output -raw image_repository") echo {REPOSITORY} ;;
esac
"""
AWS = f"""
echo "aws $*" >> "$CALLS"
case "$1 $2" in
  "sts get-caller-identity") echo 123456789012 ;;
  "lambda get-function") echo "{REPOSITORY}@$RUNNING" ;;
  "ecr describe-images") [ -e "$CALLS.pushed" ] && echo {NEW} ;;
  "ecr get-login-password") echo made-up ;;
esac
"""
DOCKER = """
echo "docker $*" >> "$CALLS"
case "$1" in login) cat >/dev/null ;; push) touch "$CALLS.pushed" ;; esac
"""


@pytest.fixture
def house(tmp_path: Path) -> Path:
    """A repository with iac/ and the image's builder in it, and the tools of the trade."""
    shutil.copytree(ROOT / "iac", tmp_path / "iac", ignore=shutil.ignore_patterns(".terraform"))
    (tmp_path / "deployment").mkdir()
    shutil.copy(ROOT / "deployment" / "build_image", tmp_path / "deployment")
    for name, script in (("terraform", TERRAFORM), ("aws", AWS), ("docker", DOCKER)):
        tool(tmp_path, name, script)
    git = ["git", "-c", "user.name=a", "-c", "user.email=a@example.com"]
    for command in (["init", "-q"], ["add", "."], ["commit", "-q", "-m", "all"]):
        subprocess.run([*git, *command], cwd=tmp_path, check=True)
    return tmp_path


def tool(house: Path, name: str, script: str) -> None:
    (house / "bin").mkdir(exist_ok=True)
    file = house / "bin" / name
    file.write_text(f"#!/bin/bash\n{script}\n", encoding="utf-8")
    file.chmod(0o755)


def run(
    house: Path, *arguments: str, script: str = "run", **variables: str
) -> tuple[subprocess.CompletedProcess[str], list[str]]:
    """Return what the script said, and the commands that it ran."""
    calls = house.parent / f"{house.name}.calls"
    names = {"IMAGE", "BASE_IMAGE", "STATE_BUCKET", "ENGINE", "TERRAFORM_PLUGIN_DIR"}
    environment = {name: value for name, value in os.environ.items() if name not in names}
    done = subprocess.run(
        [house / "iac" / script, *arguments],
        env={
            **environment,
            "PATH": f"{house / 'bin'}:{os.environ['PATH']}",
            "CALLS": str(calls),
            **variables,
        },
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    return done, calls.read_text(encoding="utf-8").splitlines() if calls.exists() else []


def applied(calls: list[str]) -> list[str]:
    return [call for call in calls if call.startswith("terraform apply")]


def test_the_repository_comes_first_then_the_image_then_all_the_rest(house: Path) -> None:
    done, calls = run(house, "apply", "staging", BASE_IMAGE="base@sha256:0")
    assert done.returncode == 0, done.stderr
    first, last = applied(calls)
    assert first.endswith("-target=module.ecr")
    assert f"-var=image_digest={NEW}" in last
    assert "-target" not in last
    order = [call.split()[:2] for call in calls]
    assert order.index(["docker", "build"]) < order.index(["docker", "push"])
    assert calls.index(first) < order.index(["docker", "push"]) < calls.index(last)
    (push,) = [call for call in calls if call.startswith("docker push")]
    head = subprocess.run(["git", "rev-parse", "HEAD"], cwd=house, capture_output=True, check=True)
    assert push == f"docker push {REPOSITORY}:{head.stdout.decode().strip()}"


def test_each_environment_has_its_settings_and_its_state(house: Path) -> None:
    _, calls = run(house, "apply", "prod", IMAGE=NEW)
    (init,) = [call for call in calls if call.startswith("terraform init")]
    assert "-backend-config=envs/prod.s3.tfbackend" in init
    assert "-backend-config=bucket=canasta-state-123456789012" in init
    assert "-lockfile=readonly" in init
    assert "-var-file=envs/prod.tfvars" in applied(calls)[0]


def test_what_answers_now_is_left_to_answer(house: Path) -> None:
    done, calls = run(house, "apply", "staging", RUNNING=OLD)
    assert done.returncode == 0, done.stderr
    (only,) = applied(calls)
    assert f"-var=image_digest={OLD}" in only
    assert not [call for call in calls if call.startswith("docker push")]


def test_a_commit_that_was_pushed_before_is_not_built_again(house: Path) -> None:
    (house.parent / f"{house.name}.calls.pushed").touch()
    done, calls = run(house, "apply", "staging", RUNNING=OLD, IMAGE="build")
    assert done.returncode == 0, done.stderr
    assert f"-var=image_digest={NEW}" in applied(calls)[-1]
    assert not [call for call in calls if call.startswith("docker build")]


def test_what_is_not_committed_is_not_built(house: Path) -> None:
    (house / "new").touch()
    done, calls = run(house, "apply", "staging", BASE_IMAGE="base@sha256:0")
    assert done.returncode == 65
    assert "Commit first" in done.stderr
    assert len(applied(calls)) == 1, "the repository alone"


def test_a_plan_changes_nothing(house: Path) -> None:
    done, calls = run(house, "plan", "staging", RUNNING=OLD)
    assert done.returncode == 0, done.stderr
    assert applied(calls) == []
    assert any(call.startswith("terraform plan") and OLD in call for call in calls)


@pytest.mark.parametrize(
    ("arguments", "variables", "code", "told"),
    [
        (["apply", "laptop"], {}, 64, "envs/laptop.tfvars"),
        (["build", "staging"], {}, 64, "plan|apply|destroy"),
        (["apply", "staging"], {"IMAGE": "latest"}, 64, "IMAGE is sha256:… or build"),
        (["apply", "staging"], {"VERSION": "1.9.8"}, 69, "1.11 or newer"),
        (["apply", "staging"], {}, 64, "BASE_IMAGE is missing"),
    ],
)
def test_what_is_missing_is_told(
    house: Path, arguments: list[str], variables: dict[str, str], code: int, told: str
) -> None:
    done, _ = run(house, *arguments, **variables)
    assert done.returncode == code, done.stderr
    assert told in done.stderr
