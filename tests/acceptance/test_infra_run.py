"""iac/run as it orders its steps; tools only write down how they were called.

What the real ones make of the same commands, `make infra-emulated` shows.
"""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from tests.acceptance.infra_house import GIT, NEW, OLD, REPOSITORY, called, tool

TERRAFORM = f"""
echo "terraform $*" >> "$CALLS"
[ "$*" != "${{FAIL:-}}" ] || exit 1
case "$*" in
  version) echo "Terraform v${{VERSION:-1.11.4}}" ;;
  "output -json") echo "{{${{RUNNING:+\\"alias\\": 0}}}}" ;;
  "output -raw function_name") echo canasta ;;
  "output -raw alias") echo live ;;
  "output -raw image_repository") echo {REPOSITORY} ;;
  "show -json") echo "{{\\"force_destroy\\":${{STANDING:-true}}}}" ;;
esac
"""
AWS = f"""
echo "aws $*" >> "$CALLS"
echo "region $AWS_REGION" >> "$CALLS"
if [ "$1 $2" = "${{FAIL:-}}" ]; then
  echo "An error occurred (${{ERROR:-ExpiredTokenException}}) when calling" >&2
  exit 254
fi
case "$1 $2" in
  "sts get-caller-identity") echo 123456789012 ;;
  "lambda get-function") echo "{REPOSITORY}@$RUNNING" ;;
  "ecr describe-images")
    if [ -e "$CALLS.pushed" ]; then
      printf '%s\\t%s\\n' {NEW} "application/vnd.oci.image.${{KIND:-manifest}}.v1+json"
    else
      echo "An error occurred (ImageNotFoundException) when calling" >&2
      exit 254
    fi ;;
  "ecr get-login-password") echo made-up ;;
esac
"""
DOCKER = """
echo "docker $*" >> "$CALLS"
case "$1" in login) cat >/dev/null ;; push) touch "$CALLS.pushed" ;; esac
"""


@pytest.fixture
def house(bare_house: Path) -> Path:
    """A repository with iac/ and the image's builder in it, and the tools of the trade."""
    for name, script in (("terraform", TERRAFORM), ("aws", AWS), ("docker", DOCKER)):
        tool(bare_house, name, script)
    return bare_house


def run(
    house: Path, *arguments: str, **variables: str
) -> tuple[subprocess.CompletedProcess[str], list[str]]:
    return called(house, "run", *arguments, **variables)


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


@pytest.mark.parametrize(
    "failing",
    ["sts get-caller-identity", "lambda get-function", "output -json", "output -raw alias"],
)
def test_what_cannot_be_told_is_not_taken_for_nothing(house: Path, failing: str) -> None:
    done, calls = run(
        house, "apply", "staging", RUNNING=OLD, FAIL=failing, BASE_IMAGE="base@sha256:0"
    )
    assert done.returncode != 0
    assert applied(calls) == []
    assert not [call for call in calls if call.startswith("docker push")]


def test_a_function_that_is_gone_is_made_again(house: Path) -> None:
    done, calls = run(
        house, "apply", "staging", BASE_IMAGE="base@sha256:0",
        RUNNING=OLD, FAIL="lambda get-function", ERROR="ResourceNotFoundException",
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert NEW in applied(calls)[-1]


@pytest.mark.parametrize("failing", ["ecr describe-images", "ecr get-login-password"])
def test_no_image_is_applied_that_was_not_pushed(house: Path, failing: str) -> None:
    done, calls = run(house, "apply", "staging", FAIL=failing, BASE_IMAGE="base@sha256:0")
    assert done.returncode != 0
    assert len(applied(calls)) == 1, "the repository alone"


def test_an_index_of_images_is_not_applied(house: Path) -> None:
    done, calls = run(house, "apply", "staging", KIND="index", BASE_IMAGE="base@sha256:0")
    assert done.returncode == 65
    assert "Lambda does not take" in done.stderr
    assert len(applied(calls)) == 1, "the repository alone"


@pytest.mark.parametrize(
    ("architecture", "platform"), [("x86_64", "linux/amd64"), ("arm64", "linux/arm64")]
)
def test_the_image_is_for_the_functions_processor(
    house: Path, architecture: str, platform: str
) -> None:
    settings = house / "iac" / "envs" / "staging.tfvars"
    with settings.open("a", encoding="utf-8") as file:
        file.write(f'architecture = "{architecture}"\n')
    subprocess.run([*GIT, "commit", "-qam", "processor"], cwd=house, check=True)
    _, calls = run(house, "apply", "staging", BASE_IMAGE="base@sha256:0")
    (build,) = [call for call in calls if call.startswith("docker build ")]
    assert f"--platform {platform}" in build
    assert "--provenance=false --sbom=false" in build


def test_aws_is_asked_in_the_environments_region(house: Path) -> None:
    settings = house / "iac" / "envs" / "staging.tfvars"
    text = settings.read_text(encoding="utf-8")
    settings.write_text(text.replace("us-east-1", "eu-west-1"), encoding="utf-8")
    _, calls = run(house, "plan", "staging", RUNNING=OLD, AWS_REGION="sa-east-1")
    assert {call for call in calls if call.startswith("region")} == {"region eu-west-1"}


def test_production_is_not_half_destroyed(house: Path) -> None:
    done, calls = run(house, "destroy", "prod")
    assert done.returncode == 65
    assert "destroyable = true" in done.stderr
    assert not [call for call in calls if call.startswith(("terraform destroy", "terraform init"))]


@pytest.mark.parametrize(("standing", "code", "destroys"), [("true", 0, 1), ("false", 65, 0)])
def test_what_was_applied_says_whether_it_may_go(
    house: Path, standing: str, code: int, destroys: int
) -> None:
    done, calls = run(house, "destroy", "staging", STANDING=standing)
    assert done.returncode == code, done.stderr
    assert len([call for call in calls if call.startswith("terraform destroy")]) == destroys


def test_a_mirror_may_be_named_from_where_one_stands(house: Path) -> None:
    _, calls = run(house, "plan", "staging", RUNNING=OLD, TERRAFORM_PLUGIN_DIR="mirror")
    (init,) = [call for call in calls if call.startswith("terraform init")]
    assert f"-plugin-dir={Path.cwd()}/mirror" in init
