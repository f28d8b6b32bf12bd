"""The function's image, built on a stand-in for AWS's base and run under AWS's emulator."""

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
def running(lake: Path, log: Path) -> Iterator[Emulated]:
    """The image under the emulator, with a lake."""
    port, runtime_port = free_ports(2)
    machine = {"aarch64": "arm64"}.get(platform.machine(), platform.machine())
    container = _buildah("from", "--pull-never", IMAGE)
    command = [
        *("buildah", "run", *FLAGS, "--volume", f"{lake}:/lake:ro"),
        *("--env", "LAKE_URL=/lake", "--env", "AUTH=open", container, "--"),
        *(f"{RIE}{machine}", "--runtime-interface-emulator-address", f"127.0.0.1:{port}"),
        *("--runtime-api-address", f"127.0.0.1:{runtime_port}"),
        *("python3.12", "-m", "awslambdaric", "deployment.aws_lambda.function.handler"),
    ]
    with log.open("wb") as file:
        process = subprocess.Popen(command, stdout=file, stderr=subprocess.STDOUT)
    try:
        yield Emulated(port, log)
    finally:
        process.terminate()
        process.wait(START_S)
        _buildah("rm", container)


def _buildah(*arguments: str) -> str:
    done = subprocess.run(["buildah", *arguments], check=True, capture_output=True, text=True)
    return done.stdout.strip()


def test_what_lies_above_the_base_is_small(built: str) -> None:
    sizes = [float(size) for size in re.findall(r"/var/task\s+([\d.]+) MB", built)]
    assert sizes
    assert sum(sizes) < MAX_MB


def test_the_image_answers_the_earlier_systems_request(
    built: str, milk: Commodity, tmp_path: Path
) -> None:
    assert built
    panel = simulated_panel(milk, 90)
    made, outlook = quick_champion(panel)
    PromotedLake(store_for(str(tmp_path / "lake"))).promote(3, made, panel, outlook)
    event = json.loads((EVENTS / "predict-stage.json").read_text(encoding="utf-8"))
    with running(tmp_path / "lake", tmp_path / "log") as function:
        answer = _first(function, event)
        assert answer["statusCode"] == 200, answer
        assert json.loads(str(answer["body"]))["what_if"] is True


def _first(function: Emulated, event: dict[str, object]) -> dict[str, object]:
    deadline = time.monotonic() + START_S
    while True:
        try:
            return function.invoke(event)
        except EmulationFailed:
            if time.monotonic() > deadline:
                raise
            time.sleep(0.2)
