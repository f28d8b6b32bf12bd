"""A house of its own for a test: lake, registry, reports, and the command line that works there."""

from __future__ import annotations

import hashlib
import json
import os
import re
import sqlite3
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import pandas as pd

from canasta.registry.pointer import Pointer, current
from canasta.registry.tracking import Tracking
from canasta.settings import ROOT
from canasta.store import Store

COMMAND = (sys.executable, "-m", "tests.quick_heads")
"""The command line of `python -m orchestration`, with heads that are fitted in seconds."""
CHEAP = {"MAX_EVALS": "1", "RETRAIN_EVERY": "30", "SEED": "1"}
"""Refits in the back-test are as far apart as searches: 30 makes two of them."""
FOLDERS = (
    "bundles", "compacted", "daily", "decisions", "forecasts", "outcomes", "panels", "predicciones",
    "promoted", "quarantine", "raw", "received", "refused", "replayed", "revisions",
)  # fmt: skip
"""Everything that a lake holds in folders."""


@dataclass(frozen=True)
class Ended:
    """A command that has ended."""

    code: int
    out: str
    err: str

    @property
    def steps(self) -> list[str]:
        """The names of the steps that were done, in order."""
        return re.findall(r"^✓ (.+?)(?:: .*)? [\d.]+ s$", self.out, re.MULTILINE)

    def told(self) -> str:
        """Everything that was printed."""
        return self.out + self.err


@dataclass(frozen=True)
class House:
    """A folder with everything that one Canasta needs.

    Attributes:
        folder: for all of it.
        api: of the Prefect server that its flows report to.
        variables: of the environment, over the usual ones.
        lake_url: of its lake; the folder's own by default.
    """

    folder: Path
    api: str
    variables: Mapping[str, str] = field(default_factory=dict)
    lake_url: str = ""

    @property
    def environment(self) -> dict[str, str]:
        """What a command of this house finds in its environment."""
        ours = {
            "LAKE_URL": self.lake.url,
            "PUBLICATIONS": str(self.folder / "publications"),
            "REPORTS_DIR": str(self.reports),
            "MONITOR_DIR": str(self.monitor),
            "MLFLOW_TRACKING_URI": self.tracking.uri,
            "MLFLOW_ARTIFACT_ROOT": str(self.folder / "mlartifacts"),
            "PREFECT_HOME": str(self.folder / "prefect"),
            "PREFECT_API_URL": self.api,
        }
        return {**os.environ, **CHEAP, **ours, **self.variables}

    def run(self, *arguments: str, **variables: str) -> Ended:
        """Run a command to its end."""
        done = subprocess.run(
            [*COMMAND, *arguments],
            cwd=ROOT,
            env={**self.environment, **variables},
            capture_output=True,
            text=True,
            check=False,
            stdin=subprocess.DEVNULL,
        )
        return Ended(done.returncode, done.stdout, done.stderr)

    def daily(self, day: str, **variables: str) -> Ended:
        """Run the main job as of a day."""
        return self.run("daily", "--date", day, **variables)

    @property
    def lake(self) -> Store:
        return Store(self.lake_url or str(self.folder / "lake"))

    @property
    def reports(self) -> Path:
        return self.folder / "reports"

    @property
    def monitor(self) -> Path:
        return self.folder / "monitor"

    @property
    def tracking(self) -> Tracking:
        database = self.folder / "mlflow.db"
        return Tracking(f"sqlite:///{database}", str(self.folder / "mlartifacts"), "milk")

    @property
    def pointer(self) -> Pointer:
        """What is live."""
        found = current(self.lake)
        assert found is not None
        return found

    def decisions(self) -> list[dict[str, Any]]:
        """Return the decision records, the oldest first."""
        return [json.loads(self.lake.read(key)) for key in self.lake.keys("decisions")]

    def report(self, target: str) -> pd.DataFrame:
        """Return the report for a target date."""
        return pd.read_csv(self.reports / f"predicciones_{target}.csv", dtype={"version": int})

    def hashes(self, *prefixes: str) -> dict[str, str]:
        """Return SHA-256 by path of what lies in the lake, or under `prefixes`, and of reports."""
        keys = [key for prefix in prefixes or ("",) for key in _under(self.lake, prefix)]
        found = {key: _sha256(self.lake.read(key)) for key in keys}
        if not prefixes and self.reports.is_dir():
            files = [path for path in self.reports.iterdir() if path.is_file()]
            found |= {file.name: _sha256(file.read_bytes()) for file in files}
        return found

    def mlflow_runs(self) -> int:
        """Return how many runs MLflow holds."""
        database = sqlite3.connect(self.folder / "mlflow.db")
        try:
            return int(database.execute("select count(*) from runs").fetchone()[0])
        finally:
            database.close()

    def artifacts(self, key: str) -> list[dict[str, Any]]:
        """Return Prefect's artifacts under `key`, the newest first."""
        answer = httpx.post(
            f"{self.api}/artifacts/filter",
            json={"artifacts": {"key": {"any_": [key]}}, "sort": "CREATED_DESC"},
        )
        answer.raise_for_status()
        found: list[dict[str, Any]] = answer.json()
        return found


def _under(store: Store, prefix: str) -> list[str]:
    if prefix:
        return store.keys(prefix)
    folder = store.folder
    if folder is None:
        return sorted(key for folder in FOLDERS for key in store.keys(folder))
    return sorted(
        str(path.relative_to(folder))
        for path in folder.rglob("*")
        if path.is_file() and path.suffix != ".partial"
    )


def _sha256(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()
