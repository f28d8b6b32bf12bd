"""The function's image, built on a stand-in for AWS's base and run under AWS's emulator.

It runs as in Lambda: a file system that is read-only but for /tmp, a user without a name or rights.
"""

from __future__ import annotations

import json
import os
import platform
import re
import shutil
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from canasta.commodity import Commodity
from canasta.settings import ROOT
from canasta.store import store_for
from deployment.aws_lambda.emulate import EVENTS, Emulated, EmulationFailed
from tests.panels import simulated_panel
from tests.promoted_lake import PromotedLake, quick_champion
from tests.s3_server import free_ports

pytestmark = pytest.mark.slow

PROGRAMS = ("mmdebstrap", "buildah", "runc")
BASE, IMAGE = "canasta-test-base", "canasta-test-function"
FLAGS = ["--isolation", "chroot", "--network", "host"]
NOBODY = 993
"""User and group without a name, as in Lambda."""
AS_LAMBDA = """
root=$1 lake=$2
shift 2
mount --bind "$root" "$root"
mount --rbind /proc "$root/proc"
mount --rbind /dev "$root/dev"
mount -t tmpfs tmpfs "$root/tmp"
mkdir "$root/tmp/lake"
mount --bind "$lake" "$root/tmp/lake"
mount -o remount,bind,ro "$root/tmp/lake"
mount -o remount,bind,ro "$root"
exec chroot --userspec="$NOBODY:$NOBODY" --groups= "$root" "$@"
"""
"""In a mount namespace of its own: nothing but /tmp can be written, and the user is nobody."""
RIE = "/usr/local/lib/python3.12/site-packages/samcli/local/rapid/aws-lambda-rie-"
MAX_MB = 200
START_S = 30.0


@pytest.fixture(scope="module")
def built() -> Iterator[str]:
    """What `make image` printed."""
    missing = [name for name in PROGRAMS if shutil.which(name) is None]
    assert not missing, f"apt-get install {' '.join(missing)}"
    assert os.geteuid() == 0, "buildah's isolation by chroot needs root"
    subprocess.run([ROOT / "tests" / "stand_in_base", BASE], check=True)
    done = subprocess.run(
        ["make", "image", f"BASE_IMAGE=localhost/{BASE}", "ENGINE=buildah", f"TAG={IMAGE}"],
        cwd=ROOT,
        env={**os.environ, "BUILD_FLAGS": " ".join(FLAGS)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    yield done.stdout
    subprocess.run(["buildah", "rmi", "--force", IMAGE, BASE], check=True, capture_output=True)


@contextmanager
def container() -> Iterator[tuple[str, dict[str, Any]]]:
    """A container of the image: where its files lie, and what the image says of itself."""
    name = _buildah("from", "--pull-never", IMAGE)
    try:
        image = json.loads(_buildah("inspect", "--type", "image", IMAGE))
        yield _buildah("mount", name), image["OCIv1"]["config"]
    finally:
        _buildah("umount", name)
        _buildah("rm", name)


def as_lambda(
    root: str, config: dict[str, Any], lake: Path, command: list[str]
) -> tuple[list[str], dict[str, str]]:
    """The command that runs another in the container as Lambda would, and its environment."""
    environment = dict(one.split("=", 1) for one in config["Env"])
    given = {"LAKE_URL": "/tmp/lake", "AUTH": "open", "NOBODY": str(NOBODY)}  # noqa: S108 # its own
    inside = ["env", f"--chdir={config['WorkingDir']}", *command]
    namespace = ["unshare", "--mount", "--propagation", "private", "bash", "-euc", AS_LAMBDA, "-"]
    return [*namespace, root, str(lake), *inside], {**environment, **given}


@contextmanager
def running(lake: Path, log: Path) -> Iterator[Emulated]:
    """The image under the emulator inside it, with a lake."""
    port, runtime_port = free_ports(2)
    machine = {"aarch64": "arm64"}.get(platform.machine(), platform.machine())
    with container() as (root, config):
        command, environment = as_lambda(
            root,
            config,
            lake,
            [
                *(f"{RIE}{machine}", "--runtime-interface-emulator-address", f"127.0.0.1:{port}"),
                *("--runtime-api-address", f"127.0.0.1:{runtime_port}"),
                *config["Entrypoint"],
                *config["Cmd"],
            ],
        )
        with log.open("wb") as file:
            process = subprocess.Popen(
                command, env=environment, stdout=file, stderr=subprocess.STDOUT
            )
        try:
            yield Emulated(port, log)
        finally:
            process.terminate()
            process.wait(START_S)


def _buildah(*arguments: str) -> str:
    done = subprocess.run(["buildah", *arguments], check=True, capture_output=True, text=True)
    return done.stdout.strip()


def test_what_lies_above_the_base_is_small(built: str) -> None:
    sizes = [float(size) for size in re.findall(r"/var/task\s+([\d.]+) MB", built)]
    assert sizes
    assert sum(sizes) < MAX_MB


@pytest.fixture
def lake(milk: Commodity, tmp_path: Path) -> Path:
    """A lake with a champion that everybody may read."""
    panel = simulated_panel(milk, 90)
    made, outlook = quick_champion(panel)
    PromotedLake(store_for(str(tmp_path / "lake"))).promote(3, made, panel, outlook)
    subprocess.run(["chmod", "-R", "a+rX", tmp_path / "lake"], check=True)
    return tmp_path / "lake"


def test_nothing_but_tmp_can_be_written_and_the_user_is_nobody(built: str, lake: Path) -> None:
    assert built
    told = """
import json, os, pathlib
def takes(folder):
    try:
        pathlib.Path(folder, "written").touch()
    except OSError as error:
        return error.strerror
    return True
places = ("/", "/var/task", "/usr/local/bin", "/tmp/lake", "/tmp")
print(json.dumps({"user": os.getuid(), "groups": [os.getgid(), *os.getgroups()],
                  "written": [place for place in places if takes(place) is True]}))
"""
    with container() as (root, config):
        # Writable for this user, so that it is the file system that forbids it, not its owner.
        Path(root, "var", "task").chmod(0o777)
        command, environment = as_lambda(root, config, lake, ["python3.12", "-c", told])
        done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout) == {"user": NOBODY, "groups": [NOBODY], "written": ["/tmp"]}  # noqa: S108 # its own


def test_the_image_answers_the_earlier_systems_request(
    built: str, lake: Path, tmp_path: Path
) -> None:
    assert built
    event = json.loads((EVENTS / "predict-stage.json").read_text(encoding="utf-8"))
    with running(lake, tmp_path / "log") as function:
        answer = _first(function, event)
        assert answer["statusCode"] == 200, answer
        priced = json.loads(str(answer["body"]))
        assert priced["what_if"] is True
        assert priced["predicted_price"] > 0


def _first(function: Emulated, event: dict[str, object]) -> dict[str, object]:
    deadline = time.monotonic() + START_S
    while True:
        try:
            return function.invoke(event)
        except EmulationFailed:
            if time.monotonic() > deadline:
                raise
            time.sleep(0.2)
