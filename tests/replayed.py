"""The real history replayed, day by day, and what is to be said of it: `python -m tests.replayed`.

    REAL_DATA_DIR=… python -m tests.replayed FOLDER [FROM [TO]]

Everything lies in FOLDER; the same command goes on where it was stopped. Telegram is a loopback
server. `tests/integration/test_real_replay.py` holds what is printed against what was promised.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import psutil
from rich.console import Console
from rich.table import Table

from canasta.monitor.outcomes import read_outcomes
from canasta.parameters import read_parameters
from canasta.settings import ROOT
from canasta.store import Store
from tests.outcomes_oracle import KEY, live_outcomes
from tests.telegram_server import TelegramServer

FROM, TO = "2024-10-01", "2025-04-30"
MEGABYTE = 2**20
SETTLED = 20
"""Publications after which every part of the pipeline has run; growth counts from there."""


@dataclass(frozen=True)
class Size:
    """How large the replaying process was when a day had ended."""

    day: str
    megabytes: float
    files: int


@dataclass
class Replayed:
    """A replay, and what it left."""

    folder: Path
    code: int = 0
    minutes: float = 0.0
    sizes: list[Size] = field(default_factory=list)
    telegram: TelegramServer = field(default_factory=TelegramServer)
    said: str = ""

    @property
    def lake(self) -> Path:
        return self.folder / "lake"

    @property
    def publications(self) -> int:
        return len(list((self.lake / "replayed").glob("*.json")))

    def decisions(self, *kinds: str) -> list[dict[str, Any]]:
        """Decision records of some kinds, the oldest first."""
        files = sorted((self.lake / "decisions").glob("*.json"))
        found = [json.loads(file.read_bytes()) for file in files]
        return [record for record in found if record["kind"] in kinds]

    @property
    def searches(self) -> list[int]:
        """Of each gate decision, on how many origins it rests."""
        found = self.decisions("search", "refresh")
        return [int(record["ruling"]["evidence"]["origins"]) for record in found]

    def verdicts(self) -> dict[str, dict[str, Any]]:
        """The drift verdict of each publication."""
        folder = self.folder / "monitor" / "replay" / "reports" / "drift"
        found = [json.loads(file.read_bytes()) for file in sorted(folder.rglob("*.json"))]
        return {one["verdict"]["as_of"]: one["verdict"] for one in found}

    @property
    def twice(self) -> list[str]:
        """First lines of messages that arrived more than once."""
        counts = Counter(self.telegram.texts)
        return [text.splitlines()[0] for text, count in counts.items() if count > 1]

    @property
    def waiting(self) -> int:
        return len(list((self.folder / "monitor" / "replay" / "outbox").rglob("waiting/*.json")))

    def outcomes(self) -> tuple[pd.DataFrame, pd.DataFrame]:
        """Live outcomes of the lake, and the same from published files alone."""
        order = ["target", "horizon", "origin", *KEY]
        found = read_outcomes(Store(str(self.lake))).sort_values(order, ignore_index=True)
        return found, live_outcomes(self.lake, read_parameters().empirical.weight)


def replay(folder: Path, history: Path, since: str = FROM, until: str = TO) -> Replayed:
    """Write the workbooks of a real history, and replay them."""
    done = Replayed(folder)
    variables = _variables(done)
    _run(["simulate_publication", "write", "--history", str(history), "--every"], variables, until)
    command = [sys.executable, "-m", "orchestration", "backfill", "--from", since, "--to", until]
    begun = time.monotonic()
    process = subprocess.Popen(
        command, cwd=ROOT, env=variables, text=True, stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
    )  # fmt: skip
    watched = psutil.Process(process.pid)
    assert process.stdout is not None
    for line in process.stdout:
        done.said += line
        print(line, end="", flush=True)
        if line.startswith("✓ Replay"):
            memory = watched.memory_info().rss / MEGABYTE
            done.sizes.append(Size(line.split()[2].rstrip(":"), memory, watched.num_fds()))
    done.code = process.wait()
    done.minutes = (time.monotonic() - begun) / 60
    return done


def table(done: Replayed) -> Table:
    """Lay out what a replay showed."""
    verdicts = Counter(verdict["severity"] for verdict in done.verdicts().values())
    checked = max(verdicts.total(), 1)
    rollbacks = [record for record in done.decisions("rollback") if record["ruling"]]
    found, expected = done.outcomes()
    rows = {
        "publications replayed": f"{done.publications}",
        "minutes": f"{done.minutes:.1f}",
        "drift": f"{dict(verdicts)}: no ALERT on {1 - verdicts['ALERT'] / checked:.1%}",
        "rollbacks without hands": "; ".join(
            [str(len(rollbacks)), *(f"{r['origin']}: {r['reason']}" for r in rollbacks)]
        ),
        "gate decisions": f"{len(done.searches)}, on origins {done.searches}",
        "of them on 30 origins or more": f"{sum(origins >= 30 for origins in done.searches)}",
        "messages": (
            f"{len(done.telegram.texts)} texts in {len(done.telegram.received)} parts; "
            f"{len(done.twice)} twice, {done.waiting} waiting"
        ),
        "outcomes": f"{len(found)} rows; apart from the oracle by {_apart(found, expected):.1e}",
        "memory, MB": _course([size.megabytes for size in done.sizes]),
        "open files": _course([size.files for size in done.sizes]),
    }
    shown = Table("What", "Came", title=f"Replay in {done.folder}", title_justify="left")
    for name, value in rows.items():
        shown.add_row(name, value)
    return shown


def growth(done: Replayed) -> tuple[float, float]:
    """Return by how much memory (a share) and open files (a number) grew once settled.

    From the median of the first quarter after SETTLED to that of the last.
    """
    settled = done.sizes[SETTLED:]
    quarter = max(1, len(settled) // 4)
    first, last = settled[:quarter], settled[-quarter:]
    memory = [float(np.median([size.megabytes for size in part])) for part in (first, last)]
    files = [float(np.median([size.files for size in part])) for part in (first, last)]
    return memory[1] / memory[0] - 1, files[1] - files[0]


def _apart(found: pd.DataFrame, expected: pd.DataFrame) -> float:
    if len(found) != len(expected) or not (found[KEY] == expected[KEY]).all(axis=None):
        return float("inf")
    names = ("horizon", "version", "came", "crps", "base_crps")
    return max(float((found[name] - expected[name]).abs().max()) for name in names)


def _course(values: list[float] | list[int]) -> str:
    shown = [values[0], *(values[len(values) * part // 4 - 1] for part in (1, 2, 3, 4))]
    return " → ".join(f"{value:.0f}" for value in shown)


def _variables(done: Replayed) -> Mapping[str, str]:
    folder = done.folder
    return {
        **os.environ,
        **done.telegram.variables,
        "LAKE_URL": str(done.lake),
        "PUBLICATIONS": str(folder / "publications"),
        "PUBLICATION_URL": (folder / "publications").as_uri(),
        "REPORTS_DIR": str(folder / "reports"),
        "MONITOR_DIR": str(folder / "monitor"),
        "MLFLOW_TRACKING_URI": f"sqlite:///{folder / 'mlflow.db'}",
        "MLFLOW_ARTIFACT_ROOT": str(folder / "mlartifacts"),
        "PREFECT_HOME": str(folder / "prefect"),
        "MAX_EVALS": "3",
        "RETRAIN_EVERY": "10",
        "SEED": "1",
    }


def _run(arguments: list[str], variables: Mapping[str, str], until: str) -> None:
    subprocess.run(
        [sys.executable, "-m", *arguments, "--until", until], cwd=ROOT, env=variables, check=True
    )


def main(arguments: list[str]) -> int:
    """Replay and print the table."""
    folder, *span = arguments
    done = replay(Path(folder), Path(os.environ["REAL_DATA_DIR"]) / "sniim-milk", *span)
    try:
        Console(width=160).print(table(done))
    finally:
        done.telegram.stop()
    return done.code


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
