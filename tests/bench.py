"""`make bench`: how long the parts of the main job take, and against what.

On the real history where REAL_DATA_DIR names it, else on a simulated one. Where a part has a
rival that does the same work, both run here and the ratio is printed: seconds depend on the
machine, ratios hardly.
"""

from __future__ import annotations

import io
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, date, datetime
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import openpyxl
import pyarrow.parquet as pq
from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.table import Table

from canasta.commodity import Commodity, load_commodity
from canasta.deliver.publish import publish_report
from canasta.deliver.report import ModelName
from canasta.forecast.evaluation.backtest import run
from canasta.forecast.evaluation.origins import Window, last_window
from canasta.forecast.evaluation.vintages import Vintages
from canasta.forecast.features.build import at_origin, build, state_of
from canasta.forecast.history import read_panel
from canasta.forecast.hurdle.mixture import CHANGE, HEADS
from canasta.forecast.hurdle.trees import Trees
from canasta.forecast.outlook import HORIZONS, forecast
from canasta.forecast.panel import Panel
from canasta.forecast.recipe import RANDOM_FOREST, Recipe
from canasta.forecast.training import Fitted, Trainer
from canasta.forecast.tuning import Budget, search
from canasta.ingest.block import Block
from canasta.ingest.identity import SourceKind
from canasta.ingest.intake import ingest
from canasta.ingest.lake import Lake, open_lake
from canasta.ingest.workbook import parse
from canasta.parameters import read_parameters
from canasta.registry.evidence import gather
from canasta.registry.gate import decide
from canasta.settings import ROOT
from canasta.store import store_for
from simulate_publication import publish_files, read_history, simulate
from tests.bench_lake import ten_years
from tests.bench_serving import serving

SEED = 1
EVALUATIONS = 25
REFIT_EVERY = 10
SINGLE = 50
SIMULATED_UNTIL = date(2025, 4, 30)


@dataclass(frozen=True)
class Timing:
    """Seconds of a part, a note, and the seconds of its rival where there is one."""

    part: str
    seconds: float
    note: str = ""
    rival: str = ""
    rival_seconds: float | None = None


class Bench:
    """Runs the parts in order, each on what the ones before made, in a folder of its own."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.milk = load_commodity("milk")
        self.parameters = read_parameters()
        self.blocks = _history(self.milk)
        self.timings: list[Timing] = []
        self.served: list[str] = []
        published = publish_files(folder / "publications", self.blocks, self.milk)
        self.workbook = published[-1].path
        self.last = self.blocks[-1].date

    def run(self) -> None:
        """Time every part."""
        lake = self._ingest()
        self._ten_years()
        panel = self._history(lake)
        trainer = self._features(panel)
        tried = self.parameters.backtest
        window = last_window(panel, tried.origins, tried.training, REFIT_EVERY)
        recipes = self._searches(trainer, window)
        self._gate(trainer, window, recipes)
        fits = self._fits(trainer, recipes)
        self._forecasts(trainer, fits[RANDOM_FOREST])
        self.served = serving(self.folder, trainer.panel, fits[RANDOM_FOREST])
        self._whole_job()

    def _time(
        self,
        part: str,
        work: Callable[[], Any],
        note: str = "",
        rival: tuple[str, Callable[[], Any]] | None = None,
    ) -> Any:
        seconds, made = _timed(work)
        rival_seconds = None if rival is None else _timed(rival[1])[0]
        self._add(Timing(part, seconds, note, rival[0] if rival else "", rival_seconds))
        return made

    def _add(self, timing: Timing) -> None:
        self.timings.append(timing)
        print(f"  {timing.part}: {timing.seconds:.2f} s", flush=True)

    def _ingest(self) -> Lake:
        content = self.workbook.read_bytes()
        self._time(
            "parse the workbook",
            lambda: parse(content, self.milk),
            f"{len(self.blocks)} publications",
            ("openpyxl reading its cells alone", lambda: _with_openpyxl(content)),
        )
        lake = open_lake(store_for(str(self.folder / "lake")), self.milk, SourceKind.SNIIM)
        url = self.workbook.parent.as_uri()
        limits = self.parameters.quality
        self._time("ingest it into an empty lake", lambda: ingest(lake, url, self.last, limits))
        self._time("ingest, nothing new", lambda: ingest(lake, url, self.last, limits))
        return lake

    def _history(self, lake: Lake) -> Panel:
        panel: Panel = self._time(
            "read the lake",
            lambda: read_panel(lake, self.milk, self.last),
            f"{len(lake.dates())} files",
            ("one parquet of the same rows", self._one_parquet()),
        )
        return panel

    def _ten_years(self) -> None:
        for part, seconds, note, rival in ten_years(self.blocks, self.milk, self.folder):
            self._add(Timing(part, seconds, note, "one parquet of the same rows", rival))

    def _one_parquet(self) -> Callable[[], Any]:
        files = sorted((self.folder / "lake" / "daily").rglob("*.parquet"))
        joined = self.folder / "joined.parquet"
        with pq.ParquetWriter(joined, pq.read_schema(files[0])) as writer:
            for file in files:
                writer.write_table(pq.read_table(file))
        return lambda: pq.read_table(joined)

    def _features(self, panel: Panel) -> Trainer:
        state = state_of(panel)
        series = int(np.flatnonzero(panel.live)[0])

        def one_by_one() -> None:
            for _ in panel.keys:
                at_origin(state, series, panel.prices[series])

        features = build(panel)
        self._time(
            "features, the whole history",
            lambda: build(panel),
            f"{features.values.shape[0]} × {features.values.shape[1]} rows, "
            f"{len(features.names)} features",
            (f"one origin, {len(panel.keys)} rows one by one", one_by_one),
        )
        return Trainer.of(panel, self.parameters.fit, SEED, horizons=1)

    def _searches(self, trainer: Trainer, window: Window) -> dict[str, Recipe]:
        recipes = {}
        for algorithm in self.parameters.space:
            searching = partial(
                search, algorithm, trainer, window.first, self.parameters, Budget(EVALUATIONS)
            )
            found = self._time(f"{EVALUATIONS} evaluations, {algorithm}", searching)
            recipes[algorithm] = found.best.recipe
        return recipes

    def _gate(self, trainer: Trainer, window: Window, recipes: dict[str, Recipe]) -> None:
        slices = tuple(self.milk.slice_of(key) for key in trainer.panel.keys)
        backtest = self._time(
            "back-test both recipes, next publication",
            lambda: run(Vintages.unrevised(trainer), recipes, window, slices),
            f"{len(window.origins)} origins",
        )
        margins = self.parameters.gate
        self._time("gate", lambda: decide(gather(backtest, None, list(recipes)), margins))

    def _fits(self, trainer: Trainer, recipes: dict[str, Recipe]) -> dict[str, Fitted]:
        whole = Trainer.of(trainer.panel, self.parameters.fit, SEED)
        newest = len(trainer.panel.dates) - 1
        return {
            algorithm: self._time(
                f"fit all heads and horizons, {algorithm}",
                partial(whole.fit, recipe, newest),
                f"{len(HEADS)} heads × {HORIZONS} horizons, calibrated",
            )
            for algorithm, recipe in recipes.items()
        }

    def _forecasts(self, trainer: Trainer, fitted: Fitted) -> None:
        panel = trainer.panel
        outlook = self._time(
            "forecast all series and horizons",
            lambda: forecast(fitted.predictor, panel, panel.origin),
            f"{int(panel.live.sum())} series",
        )
        model = ModelName(fitted.predictor.recipe.algorithm, 1, simulated=False)
        reports = self.folder / "reports"
        rows = trainer.features[0].values[:1, -1]
        trees, native = (
            Trees(fitted.predictor.hurdles[0].heads[CHANGE]),
            fitted.natives[f"1-{CHANGE}"],
        )
        lake, made_at = store_for(str(self.folder / "lake")), datetime.now(UTC)
        self._time(
            "report, with its .xlsx and forecasts",
            lambda: publish_report(lake, reports, panel, outlook, self.milk, model, made_at),
        )
        self._time(
            f"{SINGLE} single predictions of P(change), forest",
            lambda: [trees.predict(rows) for _ in range(SINGLE)],
            "treelite",
            ("scikit-learn", lambda: [native.predict_proba(rows) for _ in range(SINGLE)]),
        )

    def _whole_job(self) -> None:
        environment = {
            **os.environ,
            "LAKE_URL": str(self.folder / "job" / "lake"),
            "PUBLICATION_URL": self.workbook.parent.as_uri(),
            "REPORTS_DIR": str(self.folder / "job" / "reports"),
            "MLFLOW_TRACKING_URI": f"sqlite:///{self.folder / 'job' / 'mlflow.db'}",
            "MLFLOW_ARTIFACT_ROOT": str(self.folder / "job" / "artifacts"),
            "PREFECT_HOME": str(self.folder / "job" / "prefect"),
            "MAX_EVALS": str(EVALUATIONS),
            "SEED": str(SEED),
        }
        (self.folder / "job").mkdir()
        command = [sys.executable, "-m", "orchestration", "daily", "--date", str(self.last)]

        def job() -> None:
            subprocess.run(command, cwd=ROOT, env=environment, check=True, capture_output=True)

        self._time("the whole job, first run", job, "databases made, both searches")
        self._time("the whole job, nothing new", job, "with Prefect's and MLflow's start")


def _history(milk: Commodity) -> list[Block]:
    named = os.environ.get("REAL_DATA_DIR")
    if named:
        return read_history(Path(named) / "sniim-milk", milk)
    return simulate(milk, SEED, SIMULATED_UNTIL)


def _timed(work: Callable[[], Any]) -> tuple[float, Any]:
    begun = time.perf_counter()
    made = work()
    return time.perf_counter() - begun, made


def _with_openpyxl(content: bytes) -> int:
    book = openpyxl.load_workbook(io.BytesIO(content), read_only=True)
    return sum(1 for sheet in book for _ in sheet.iter_rows(values_only=True))


def _table(timings: list[Timing]) -> Table:
    table = Table(box=SIMPLE_HEAD)
    for heading in ("part", "seconds", "", "rival on the same work", "seconds", "rival / ours"):
        numeric = heading == "seconds" or "/" in heading
        table.add_column(heading, justify="right" if numeric else "left", no_wrap=True)
    for one in timings:
        compared = ("", "")
        if one.rival_seconds is not None:
            compared = (f"{one.rival_seconds:.3f}", f"{one.rival_seconds / one.seconds:.1f}")
        table.add_row(one.part, f"{one.seconds:.3f}", one.note, one.rival, *compared)
    return table


def main() -> None:
    """Run the bench and print its table."""
    kind = "real" if os.environ.get("REAL_DATA_DIR") else "simulated"
    with tempfile.TemporaryDirectory() as folder:
        bench = Bench(Path(folder))
        print(f"Timing the main job on {len(bench.blocks)} publications, {kind} history …")
        bench.run()
    Console(width=180).print(_table(bench.timings))
    searches = sum(one.seconds for one in bench.timings if "evaluations" in one.part)
    for one in bench.timings:
        if "ten years" in one.part and one.rival_seconds is not None:
            print(f"{one.part}: {one.seconds / one.rival_seconds:.1f} times one file (goal: 5)")
    print(f"{EVALUATIONS} + {EVALUATIONS} evaluations: {searches:.1f} s on {os.cpu_count()} cores")
    print("\n".join(bench.served))


if __name__ == "__main__":
    main()
