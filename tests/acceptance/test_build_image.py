"""`make image` as it chooses what builds: engines that only write down how they were called."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

from canasta.settings import ROOT

BASE = "localhost/base@sha256:" + "0" * 64
ENGINES = ("docker", "podman", "buildah")


@pytest.fixture
def engines(tmp_path: Path) -> Path:
    """A folder with all three, none of which runs."""
    for name in ENGINES:
        stands_in(tmp_path, name, "exit 1")
    return tmp_path


def stands_in(folder: Path, name: str, script: str) -> None:
    file = folder / name
    file.write_text(f"#!/bin/sh\n{script}\n", encoding="utf-8")
    file.chmod(0o755)


def build(engines: Path, *arguments: str, **variables: str) -> subprocess.CompletedProcess[str]:
    names = {"ENGINE", "BUILD_FLAGS", "TAG", "PLATFORM"}
    environment = {name: value for name, value in os.environ.items() if name not in names}
    return subprocess.run(
        [ROOT / "deployment" / "build_image", *arguments],
        env={**environment, "PATH": f"{engines}:{os.environ['PATH']}", **variables},
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
    )


def test_a_client_whose_engine_does_not_run_is_passed_over(engines: Path) -> None:
    stands_in(engines, "podman", 'echo "podman $*"')
    ended = build(engines, "function", BASE, TAG="mine", BUILD_FLAGS="--network host")
    assert ended.returncode == 0, ended.stderr
    built = ended.stdout.splitlines()[0]
    assert built.startswith("podman build --layers --file deployment/aws_lambda/Dockerfile")
    assert f"--build-arg BASE_IMAGE={BASE} --tag mine" in built
    assert built.endswith("--network host .")
    assert "podman run --rm --network none --entrypoint python3.12 mine" in ended.stdout


def test_the_servers_image_is_the_other_dockerfile(engines: Path) -> None:
    stands_in(engines, "docker", 'echo "docker $*"')
    ended = build(engines, "server", BASE)
    assert ended.returncode == 0, ended.stderr
    assert "docker build --progress plain" in ended.stdout
    assert "--file deployment/Dockerfile" in ended.stdout
    assert "/opt/packages /opt/canasta" in ended.stdout


def test_docker_adds_nothing_to_the_image_that_makes_it_an_index(engines: Path) -> None:
    stands_in(engines, "docker", 'echo "docker $*"')
    built = build(engines, "function", BASE).stdout.splitlines()[0]
    assert "--provenance=false --sbom=false" in built
    stands_in(engines, "docker", '[ "$1" != buildx ] && echo "docker $*"')
    built = build(engines, "function", BASE).stdout.splitlines()[0]
    assert "--provenance" not in built, "without buildx there is no such flag"


@pytest.mark.parametrize("engine", ENGINES)
def test_every_engine_is_told_the_processor(engines: Path, engine: str) -> None:
    stands_in(engines, engine, f'echo "{engine} $*"')
    ended = build(engines, "function", BASE, ENGINE=engine, PLATFORM="linux/arm64")
    assert "--platform linux/arm64" in ended.stdout.splitlines()[0]
    assert "--platform" not in build(engines, "function", BASE, ENGINE=engine).stdout


def test_the_engine_that_is_named_is_taken(engines: Path) -> None:
    for name in ENGINES:
        stands_in(engines, name, f'echo "{name} $*"')
    ended = build(engines, "function", BASE, ENGINE="podman")
    assert ended.stdout.startswith("podman build")


def test_a_build_that_fails_is_told_by_the_exit_code(engines: Path) -> None:
    stands_in(engines, "docker", '[ "$1" = info ]')
    assert build(engines, "function", BASE).returncode == 1


def test_without_an_engine_the_way_to_one_is_told(engines: Path) -> None:
    ended = build(engines, "function", BASE)
    assert ended.returncode == 69
    assert "podman or buildah" in ended.stderr


def test_another_image_than_ours_is_refused(engines: Path) -> None:
    ended = build(engines, "database", BASE)
    assert ended.returncode == 64
    assert "'database'" in ended.stderr
