"""A repository with iac/ in it, in which tools stand that only write down how they were called."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

from canasta.settings import ROOT

NEW, OLD = "sha256:" + "1" * 64, "sha256:" + "2" * 64
REPOSITORY = "123456789012.dkr.ecr.us-east-1.amazonaws.com/canasta"
GIT = ["git", "-c", "user.name=a", "-c", "user.email=a@example.com"]
SET_OUTSIDE = {
    "IMAGE", "BASE_IMAGE", "STATE_BUCKET", "ENGINE", "TERRAFORM_PLUGIN_DIR", "GITHUB_OUTPUT",
    "AWS_REGION", "AWS_DEFAULT_REGION", "PLATFORM",
}  # fmt: skip
"""Variables of whoever runs the tests that would tell the scripts something."""


def build(folder: Path) -> Path:
    """Make the repository in `folder`, with one commit; return it."""
    shutil.copytree(ROOT / "iac", folder / "iac", ignore=shutil.ignore_patterns(".terraform"))
    (folder / "deployment").mkdir()
    shutil.copy(ROOT / "deployment" / "build_image", folder / "deployment")
    (folder / ".gitignore").write_text("bin/\n", encoding="utf-8")
    for command in (["init", "-q"], ["add", "."], ["commit", "-q", "-m", "all"]):
        subprocess.run([*GIT, *command], cwd=folder, check=True)
    return folder


def tool(house: Path, name: str, script: str) -> None:
    """Put a tool of that name before the machine's own."""
    (house / "bin").mkdir(exist_ok=True)
    file = house / "bin" / name
    file.write_text(f"#!/bin/bash\n{script}\n", encoding="utf-8")
    file.chmod(0o755)


def calls_of(house: Path) -> list[str]:
    """Return how the tools were called so far."""
    calls = _log(house)
    return calls.read_text(encoding="utf-8").splitlines() if calls.exists() else []


def environment(house: Path, **variables: str) -> dict[str, str]:
    """Return the variables with which a script of `house` runs."""
    inherited = {name: value for name, value in os.environ.items() if name not in SET_OUTSIDE}
    path = f"{house / 'bin'}:{os.environ['PATH']}"
    return {**inherited, "PATH": path, "CALLS": str(_log(house)), **variables}


def called(
    house: Path, script: str, *arguments: str, **variables: str
) -> tuple[subprocess.CompletedProcess[str], list[str]]:
    """Run a script of iac/; return what it said, and the commands that it ran."""
    done = subprocess.run(
        [house / "iac" / script, *arguments],
        env=environment(house, **variables),
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    return done, calls_of(house)


def _log(house: Path) -> Path:
    return house.parent / f"{house.name}.calls"
