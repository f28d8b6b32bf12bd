"""iac/run and iac/deliver as they order their steps; tools only write down how they were called.

What the real ones make of the same commands, `make infra-emulated` shows.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

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
DELIVERY = """
echo "aws $*" >> "$CALLS"
case "$1 $2" in
  "ecr describe-images") [ -n "${PUSHED:-}" ] ;;
  "ecr get-login-password") echo made-up ;;
  "ecr describe-image-scan-findings") echo "${CRITICAL:-0}" ;;
  "lambda get-alias") echo 7 ;;
  "lambda publish-version") echo 8 ;;
esac
"""
SKOPEO = f"""
echo "skopeo $*" >> "$CALLS"
case "$1" in inspect) echo {NEW} ;; login) cat >/dev/null ;; esac
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


# ---- delivery -------------------------------------------------------------------------------


class Api(BaseHTTPRequestHandler):
    """Answers /health, and /predict with what the test has put there."""

    answer: dict[str, Any]
    keys: list[str | None]

    def do_GET(self) -> None:
        self._say(200 if self.path == "/default/health" else 404, {"status": "alive"})

    def do_POST(self) -> None:
        self.keys.append(self.headers["X-API-Key"])
        self.rfile.read(int(self.headers["Content-Length"]))
        self._say(200 if "predicted_price" in self.answer else 503, self.answer)

    def _say(self, status: int, body: dict[str, Any]) -> None:
        content = json.dumps(body).encode()
        self.send_response(status)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 # the base class's name
        """Say nothing."""


@pytest.fixture
def api() -> Iterator[tuple[str, type[Api]]]:
    """The URL of an API, and where its answer is put."""
    kind = type("OneApi", (Api,), {"answer": {"predicted_price": 23.5}, "keys": []})
    with ThreadingHTTPServer(("127.0.0.1", 0), kind) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{server.server_address[1]}/default", kind
        server.shutdown()
        thread.join()


def deliver(
    house: Path, url: str, **variables: str
) -> tuple[subprocess.CompletedProcess[str], list[str]]:
    tool(house, "aws", DELIVERY)
    tool(house, "skopeo", SKOPEO)
    return run(
        house,
        *("image.tar", "commit"),
        script="deliver",
        IMAGE_REPOSITORY=REPOSITORY,
        FUNCTION_NAME="canasta",
        API_URL=url,
        SMOKE_API_KEY="made-up",
        SMOKE_TRIES="2",
        SMOKE_PAUSE="0",
        **variables,
    )


def shifts(calls: list[str]) -> list[str]:
    """The versions that the alias pointed to, one after the other."""
    return [call.split()[-1] for call in calls if call.startswith("aws lambda update-alias")]


def test_an_image_is_pushed_scanned_published_and_asked(
    house: Path, api: tuple[str, type[Api]]
) -> None:
    url, answers = api
    done, calls = deliver(house, url)
    assert done.returncode == 0, done.stderr
    assert shifts(calls) == ["8"]
    assert answers.keys == ["made-up"]
    names = [" ".join(call.split()[:3]) for call in calls]
    expected = [
        "skopeo copy --preserve-digests", "aws ecr wait", "aws ecr describe-image-scan-findings",
        "aws lambda update-function-code", "aws lambda publish-version", "aws lambda update-alias",
    ]  # fmt: skip
    assert [name for name in names if name in expected] == expected
    assert f"--image-uri {REPOSITORY}@{NEW}" in " ".join(calls)


def test_the_version_before_answers_again_when_the_new_one_gives_no_price(
    house: Path, api: tuple[str, type[Api]]
) -> None:
    url, answers = api
    answers.answer = {"title": "Nothing is promoted"}
    done, calls = deliver(house, url)
    assert done.returncode == 1
    assert shifts(calls) == ["8", "7"]
    assert "version 7 answers again" in done.stdout
    assert len(answers.keys) == 2, "it was asked as often as was said"


def test_what_is_known_to_be_critical_does_not_go_out(
    house: Path, api: tuple[str, type[Api]]
) -> None:
    done, calls = deliver(house, api[0], CRITICAL="2")
    assert done.returncode == 1
    assert "2 critical vulnerabilities" in done.stdout
    assert not [call for call in calls if "update-function-code" in call]


def test_an_image_that_is_there_is_not_pushed_again(
    house: Path, api: tuple[str, type[Api]]
) -> None:
    done, calls = deliver(house, api[0], PUSHED="yes")
    assert done.returncode == 0, done.stderr
    assert not [call for call in calls if call.startswith("skopeo copy")]
    assert shifts(calls) == ["8"]


def test_no_key_stands_among_the_arguments(house: Path, api: tuple[str, type[Api]]) -> None:
    tool(
        house, "curl", 'echo "curl $*" >> "$CALLS"; cat >/dev/null; echo \'{"predicted_price": 1}\''
    )
    done, calls = deliver(house, api[0])
    assert done.returncode == 0, done.stderr
    assert [call for call in calls if call.startswith("curl")]
    assert "made-up" not in " ".join(calls)
