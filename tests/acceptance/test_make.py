"""The make targets as a user types them, with a stand-in for the commands that they run."""

import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from canasta.settings import ROOT

# fmt: off
TARGETS = [
    "daily", "retrain", "report", "backtest", "explain", "drift", "reproduce", "backfill",
    "promote", "rollback", "quarantine",
    "simulate", "publish",
    "serve", "lambda", "image", "mlflow", "prefect", "monitor", "bot", "schedule", "status", "stop",
    "infra-validate", "infra-emulated", "infra-plan", "infra-apply",
    "test", "test-slow", "lint", "format", "bench", "bench-accuracy", "clean",
]
# fmt: on

# What .venv-lambda is made from.
LAMBDA = (
    *(f"deployment/aws_lambda/{name}.txt" for name in ("requirements", "base", "emulator")),
    "deployment/lighten.py",
)
REQUIREMENTS = (
    "tests/peers/requirements.txt",
    *(f"iac/requirements/{name}.txt" for name in ("checks", "emulated")),
)

RECORDER = f"""#!{sys.executable}
import json, os, sys
place = os.path.dirname(os.path.abspath(__file__))
with open(os.path.join(place, "call.json"), "w") as file:
    json.dump({{"arguments": sys.argv[1:], "environment": dict(os.environ)}}, file)
sys.exit(int(os.environ.get("ANSWER", "0")))
"""


@pytest.fixture
def house(tmp_path: Path) -> Path:
    """A folder with the Makefile and a Python that only writes down how it was called."""
    for name in ("Makefile", "Pipfile", "Pipfile.lock", *REQUIREMENTS, *LAMBDA):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(ROOT / name, tmp_path / name)
    bin_folder = tmp_path / ".venv" / "bin"
    bin_folder.mkdir(parents=True)
    recorder = bin_folder / "python"
    recorder.write_text(RECORDER, encoding="utf-8")
    recorder.chmod(0o755)
    (tmp_path / stamp(tmp_path)).touch()
    return tmp_path


def stamp(house: Path) -> str:
    """The stamp of a finished installation, as the Makefile names it."""
    database = make(house, "--print-data-base", "--question", "help").stdout
    found = re.search(r"^READY := (.+)$", database, re.MULTILINE)
    assert found is not None
    checksum = subprocess.run(["cksum", "Pipfile.lock"], cwd=house, capture_output=True, check=True)
    return found[1].replace("$(LOCKED)", checksum.stdout.decode().split()[0])


def make(
    house: Path, *arguments: str, environment: dict[str, str] | None = None
) -> subprocess.CompletedProcess[str]:
    """Run make as from a fresh terminal: nothing of a make around the tests is handed on."""
    inherited = {
        key: value
        for key, value in os.environ.items()
        if key not in {"MAKEFLAGS", "MAKELEVEL", "MFLAGS", "MAKEOVERRIDES", "PYTHON", "ARGS"}
    }
    return subprocess.run(
        ["make", *arguments],
        cwd=house,
        env={**inherited, **(environment or {})},
        capture_output=True,
        text=True,
        check=False,
        stdin=subprocess.DEVNULL,
    )


def call(house: Path) -> tuple[list[str], dict[str, str]]:
    recorded = json.loads((house / ".venv" / "bin" / "call.json").read_text())
    return recorded["arguments"], recorded["environment"]


def test_make_alone_prints_every_target_on_a_line_of_its_own(house: Path) -> None:
    printed = make(house)
    listed = re.findall(r"^  make (\S+) +\S.*$", printed.stdout, re.MULTILINE)
    assert printed.returncode == 0
    assert listed == TARGETS


@pytest.mark.parametrize(
    ("typed", "arguments"),
    [
        (["daily"], ["daily"]),
        (["daily", "DATE=2025-07-25"], ["daily", "--date", "2025-07-25"]),
        (["retrain"], ["retrain"]),
        (["report", "DATE=2025-07-25"], ["report", "--date", "2025-07-25"]),
        (["backtest"], ["backtest"]),
        (["backtest", "TO=2025-04-30"], ["backtest", "--to", "2025-04-30"]),
        (
            ["backtest", "FROM=2025-01-01", "TO=2025-04-30"],
            ["backtest", "--from", "2025-01-01", "--to", "2025-04-30"],
        ),
        (["explain"], ["explain"]),
        (["drift"], ["drift"]),
        (["drift", "DATE=2025-04-30"], ["drift", "--date", "2025-04-30"]),
        (
            ["explain", "ESTADO=Edo. México", "CIUDAD=Cd.Juárez", "TIPO=a 'b'", "CANAL=x; echo y"],
            [
                *("explain", "--label", "Estado=Edo. México", "--label", "Ciudad=Cd.Juárez"),
                *("--label", "Tipo=a 'b'", "--label", "Canal=x; echo y"),
            ],
        ),
        (
            ["explain", "ESTADO=Jalisco", "HORIZON=3", "DATE=2025-04-30"],
            ["explain", "--label", "Estado=Jalisco", "--horizon", "3", "--date", "2025-04-30"],
        ),
        (
            ["backfill", "FROM=2025-01-01", "TO=2025-04-30"],
            ["backfill", "--from", "2025-01-01", "--to", "2025-04-30"],
        ),
        (["promote", "VERSION=3"], ["promote", "3"]),
        (["rollback"], ["rollback"]),
        (["quarantine"], ["quarantine"]),
        (["quarantine", "ACCEPT=2025-07-25"], ["quarantine", "--accept", "2025-07-25"]),
        (["mlflow"], ["mlflow"]),
        (["monitor"], ["monitor"]),
        (["bot"], ["bot"]),
        (["prefect"], ["prefect"]),
        (["schedule"], ["schedule"]),
        (["status"], ["status"]),
        (["stop"], ["stop"]),
        (["daily", "DATE=a b; echo 'c'"], ["daily", "--date", "a b; echo 'c'"]),
    ],
)
def test_target_runs_its_command(house: Path, typed: list[str], arguments: list[str]) -> None:
    ended = make(house, *typed)
    assert ended.returncode == 0, ended.stderr
    assert call(house)[0] == ["-m", "orchestration", *arguments]


def test_serve_runs_the_api_with_the_settings_of_the_command_line(house: Path) -> None:
    ended = make(house, "serve", "PORT=9700")
    assert ended.returncode == 0, ended.stderr
    arguments, environment = call(house)
    assert arguments == ["-m", "deployment"]
    assert environment["PORT"] == "9700"


@pytest.mark.parametrize(
    ("typed", "arguments"),
    [
        (["simulate"], ["write"]),
        (["simulate", "HISTORY=/some where"], ["write", "--history", "/some where"]),
        (["simulate", "DATE=2025-07-25"], ["write", "--until", "2025-07-25"]),
        (["publish"], ["serve"]),
        (["publish", "ARGS=--port 0"], ["serve", "--port", "0"]),
        (["publish", "MISBEHAVE=stall"], ["serve", "--misbehave", "stall"]),
    ],
)
def test_publisher_runs_its_command(house: Path, typed: list[str], arguments: list[str]) -> None:
    assert make(house, *typed).returncode == 0
    assert call(house)[0] == ["-m", "simulate_publication", *arguments]


def test_accuracy_is_compared_when_the_peers_are_installed_as_locked(house: Path) -> None:
    lock = "tests/peers/requirements.txt"
    checksum = subprocess.run(["cksum", lock], cwd=house, capture_output=True, check=True)
    peers = house / ".venv-peers"
    (peers / "bin").mkdir(parents=True)
    (peers / "bin" / "python").touch()
    (peers / f".installed-{checksum.stdout.decode().split()[0]}").touch()
    ended = make(house, "bench-accuracy")
    assert ended.returncode == 0, ended.stderr
    assert call(house)[0] == ["-m", "tests.peers"]
    with (house / lock).open("a") as file:
        file.write("# another lock\n")
    planned = make(house, "--dry-run", "bench-accuracy").stdout
    assert "pip install --require-hashes" in planned


def test_an_event_is_emulated_when_its_runtime_is_installed_as_locked(house: Path) -> None:
    files = b"".join((house / name).read_bytes() for name in LAMBDA)
    checksum = subprocess.run(["cksum"], input=files, capture_output=True, check=True)
    runtime = house / ".venv-lambda"
    shutil.copytree(house / ".venv" / "bin", runtime / "bin")
    (runtime / f".installed-{checksum.stdout.decode().split()[0]}").touch()
    ended = make(house, "lambda", "ARGS=event.json")
    assert ended.returncode == 0, ended.stderr
    recorded = json.loads((runtime / "bin" / "call.json").read_text())
    assert recorded["arguments"] == ["-m", "deployment.aws_lambda.emulate", "event.json"]
    assert recorded["environment"]["PYTHONPATH"] == ".venv-lambda/task"
    with (house / LAMBDA[0]).open("a") as file:
        file.write("# another lock\n")
    planned = make(house, "--dry-run", "lambda").stdout
    assert "pip install --require-hashes" in planned


def test_variables_of_the_command_line_and_the_environment_reach_the_command(house: Path) -> None:
    make(house, "daily", "SEED=7", "LAKE_URL=/a lake", environment={"MAX_EVALS": "3"})
    environment = call(house)[1]
    assert environment["SEED"] == "7"
    assert environment["LAKE_URL"] == "/a lake"
    assert environment["MAX_EVALS"] == "3"


def test_nothing_phones_home(house: Path) -> None:
    make(house, "daily")
    environment = call(house)[1]
    assert environment["DO_NOT_TRACK"] == "true"
    assert environment["MLFLOW_DISABLE_TELEMETRY"] == "true"
    assert environment["PREFECT_SERVER_ANALYTICS_ENABLED"] == "false"


def test_exit_code_of_the_command_is_told(house: Path) -> None:
    ended = make(house, "daily", environment={"ANSWER": "75"})
    assert ended.returncode == 2, "GNU make has one exit code for every failure"
    assert "Error 75" in ended.stderr
    assert "another run holds the lake" in ended.stderr
    other = make(house, "daily", environment={"ANSWER": "1"})
    assert "Error 1" in other.stderr
    assert "another run" not in other.stderr


@pytest.mark.parametrize(
    ("asked", "told"),
    [
        (["promote"], "VERSION is missing. For example: make promote VERSION=3"),
        (["image"], "BASE_IMAGE is missing. For example: make image BASE_IMAGE="),
        (["infra-plan"], "ENV is missing. For example: make infra-plan ENV=staging"),
        (["infra-apply"], "ENV is missing. For example: make infra-apply ENV=staging"),
        (["backfill", "TO=2025-04-30"], "FROM is missing. For example: make backfill FROM="),
        (["backfill", "FROM=2025-01-01"], "TO is missing. For example: make backfill FROM="),
    ],
)
def test_missing_variable_is_told_before_anything_runs(
    asked: list[str], told: str, house: Path
) -> None:
    ended = make(house, *asked)
    assert ended.returncode == 2
    assert told in ended.stderr
    assert not (house / ".venv" / "bin" / "call.json").exists()


def test_clean_removes_what_make_made_and_nothing_else(house: Path) -> None:
    made = [
        ".venv-pipenv/x",
        ".venv-peers/x",
        ".venv-lambda/x",
        ".venv-iac/x",
        ".venv-cloud/x",
        "data/publications/x",
        "data/run/x",
        ".mypy_cache/x",
    ]
    kept = ["data/lake/x", "data/lake-simulated/x", "data/mlflow.db", "reports/x", ".env"]
    for name in made + kept:
        (house / name).parent.mkdir(parents=True, exist_ok=True)
        (house / name).touch()
    ended = make(house, "clean")
    assert ended.returncode == 0, ended.stderr
    assert [name for name in made if (house / name).exists()] == []
    assert not (house / ".venv").exists()
    assert [name for name in kept if not (house / name).exists()] == []


# ---- which Python is taken ------------------------------------------------------------------


@pytest.fixture
def shims(tmp_path: Path) -> Path:
    """A folder for PATH whose python3.12 and python3 exist and fail, as pyenv's shims can."""
    folder = tmp_path / "shims"
    folder.mkdir()
    for name in ("python3.12", "python3"):
        (folder / name).write_text("#!/bin/sh\necho not installed >&2\nexit 127\n")
        (folder / name).chmod(0o755)
    for name in ("bash", "cksum", "ls", "env", "sh"):
        found = shutil.which(name)
        assert found is not None
        (folder / name).symlink_to(found)
    return folder


def which_python(house: Path, path: Path, **variables: str) -> subprocess.CompletedProcess[str]:
    tool = shutil.which("make")
    assert tool is not None
    environment = {"PATH": str(path), "HOME": str(house), **variables}
    return subprocess.run(
        [tool, "python"], cwd=house, env=environment, capture_output=True, text=True, check=False
    )


def test_shim_that_fails_is_passed_over_for_pyenvs_own(house: Path, shims: Path) -> None:
    real = Path(sys.base_prefix) / "bin" / "python3.12"
    version = house / ".pyenv" / "versions" / "3.12.1" / "bin"
    version.mkdir(parents=True)
    (version / "python3.12").symlink_to(real)
    found = which_python(house, shims)
    assert found.stdout.strip() == str(version / "python3.12"), found.stderr


def test_named_python_is_taken(house: Path, shims: Path) -> None:
    real = str(Path(sys.base_prefix) / "bin" / "python3.12")
    assert which_python(house, shims, PYTHON=real).stdout.strip() == real


def test_without_python_the_way_to_get_one_is_told(house: Path, shims: Path) -> None:
    ended = which_python(house, shims)
    assert ended.returncode == 2
    assert "pyenv install 3.12" in ended.stderr
    assert "make PYTHON=/path/to/python3.12" in ended.stderr


def test_named_python_that_does_not_run_is_told(house: Path, shims: Path) -> None:
    ended = which_python(house, shims, PYTHON="/no/such/python")
    assert "Looked at /no/such/python" in ended.stderr
