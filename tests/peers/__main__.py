"""`make bench-accuracy`: our recipes, persistence and other libraries on the same origins.

On the real history up to UNTIL where REAL_DATA_DIR names it, else on a simulated one. MAX_EVALS,
SEED, RETRAIN_EVERY and REPORTS_DIR are settings as everywhere.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import time
from bisect import bisect_right
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

from rich.console import Console

from canasta.commodity import Commodity
from canasta.errors import CanastaError
from canasta.forecast.evaluation.backtest import Backtest, run
from canasta.forecast.evaluation.origins import Window, last_window
from canasta.forecast.evaluation.vintages import Vintages
from canasta.forecast.panel import Panel
from canasta.forecast.recipe import Recipe
from canasta.forecast.training import Trainer
from canasta.forecast.tuning import Budget, search
from canasta.parameters import Parameters, read_parameters
from canasta.settings import Settings, read_settings
from tests.panels import real_panel, simulated_panel
from tests.peers.exchange import Answer, ForecastsRefused, ask_peers
from tests.peers.scoring import with_peers
from tests.peers.standings import figures_of, not_behind, table_of, verdict

UNTIL = date(2025, 4, 30)
"""The newest publication that is scored: figures of another day can be set beside these."""

SIMULATED = 196
"""Publications of a simulated history, as many as the real one has until then."""

SHOWN = (1, 6)
"""Horizons that are printed; the file holds all."""

FILE = "bench-accuracy.json"
WIDTH = 150


@dataclass(frozen=True)
class Ours:
    """What our own recipes did, and the seconds that it took by contestant."""

    backtest: Backtest
    seconds: Mapping[str, float]
    search_seconds: Mapping[str, float]


def main() -> None:
    """Let all compete, print the tables and the verdict, and write the file."""
    begun = time.perf_counter()
    settings, parameters = read_settings(), read_parameters()
    commodity = settings.load_commodity()
    panel = _panel(commodity)
    given = parameters.backtest
    window = last_window(panel, given.origins, given.training, settings.retrain_every)
    print(f"Peers forecast from {len(window.origins)} origins …", flush=True)
    with tempfile.TemporaryDirectory() as folder:
        answer = ask_peers(Path(folder), panel, window, settings.seed)
    ours = _ours(panel, window, settings, parameters, commodity)
    path, said = _report(ours, answer, settings, list(parameters.space))
    print(f"All horizons: {path}. The whole took {time.perf_counter() - begun:.0f} s.")
    print(said)


def _report(ours: Ours, answer: Answer, settings: Settings, names: list[str]) -> tuple[Path, str]:
    """Print the tables, write the file, and return its path and the verdict."""
    backtest = with_peers(ours.backtest, answer.forecasts)
    points = [name for name, made in answer.forecasts.items() if made.is_point]
    figures = figures_of(backtest, points)
    seconds = {**ours.seconds, **answer.seconds}
    for horizon in SHOWN:
        Console(width=WIDTH).print(table_of(figures, horizon, seconds))
    print(_basis(backtest, settings, ours, answer))
    ahead = list(not_behind(backtest, names, points))
    targets = backtest.targets
    content = {
        "window": {"from": str(targets[0]), "to": str(targets[-1]), "origins": len(targets)},
        "history": _kind(),
        "seed": settings.seed,
        "max_evals": settings.max_evals,
        "models": figures,
        "seconds": seconds,
        "search_seconds": ours.search_seconds,
        "versions": answer.versions,
        "not_behind": [str(one) for one in ahead],
    }
    rivals = [name for name in backtest.recipes if name not in names]
    return _write(settings.reports_dir, content), verdict(names, rivals, ahead)


def _kind() -> str:
    return "real" if os.environ.get("REAL_DATA_DIR") else "simulated"


def _panel(commodity: Commodity) -> Panel:
    named = os.environ.get("REAL_DATA_DIR")
    if not named:
        return simulated_panel(commodity, SIMULATED)
    whole = real_panel(commodity, Path(named))
    return whole.cut(bisect_right(whole.dates, UNTIL))


def _ours(
    panel: Panel, window: Window, settings: Settings, parameters: Parameters, commodity: Commodity
) -> Ours:
    """Search both recipes on targets before the first origin, and back-test them."""
    trainer = Trainer.of(panel, parameters.fit, settings.seed)
    recipes: dict[str, Recipe] = {}
    searching: dict[str, float] = {}
    for name in parameters.space:
        begun = time.perf_counter()
        budget = Budget(settings.max_evals, settings.tuning_seconds)
        recipes[name] = search(name, trainer, window.first, parameters, budget).best.recipe
        searching[name] = time.perf_counter() - begun
        print(f"  {name}: searched in {searching[name]:.1f} s", flush=True)
    print(f"  back-testing them, {len(window.refits)} fits each …", flush=True)
    timed = Stopwatch()
    slices = tuple(commodity.slice_of(key) for key in panel.keys)
    backtest = run(Vintages.unrevised(trainer), recipes, window, slices, timed)
    return Ours(backtest, dict(timed.seconds), searching)


class Stopwatch:
    """Told a name after each piece of work, sums the seconds of each name's pieces."""

    def __init__(self) -> None:
        self.seconds: defaultdict[str, float] = defaultdict(float)
        self._before = time.perf_counter()

    def __call__(self, name: str) -> None:
        """Count what passed since the call before."""
        now = time.perf_counter()
        self.seconds[name] += now - self._before
        self._before = now


def _basis(backtest: Backtest, settings: Settings, ours: Ours, answer: Answer) -> str:
    searched = ", ".join(f"{name} {took:.0f} s" for name, took in ours.search_seconds.items())
    versions = ", ".join(f"{name} {number}" for name, number in answer.versions.items())
    return (
        f"Targets {backtest.targets[0]} to {backtest.targets[-1]}, {len(backtest.targets)} "
        f"origins, {_kind()} history; seed {settings.seed}, {settings.max_evals} evaluations "
        f"({searched}, not in the seconds above).\n"
        f"Ours, mlforecast, AutoETS and Theta are refitted every {settings.retrain_every} "
        "publications, SES, drift and Croston-SBA at every origin. Peers get missing quotes "
        "filled forward; croston-sba is the last price + the rises - the falls it expects.\n"
        "RMSE is of the mean, MAE of the median or, without a distribution, of the point; both "
        "skills against the last price, CRPS's against persistence's distribution. "
        f"Positive skills and DM are better.\nPeers: {versions}."
    )


def _write(folder: Path, content: Mapping[str, Any]) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / FILE
    text = json.dumps(content, indent=2, ensure_ascii=False, allow_nan=False)
    path.write_text(text + "\n", encoding="utf-8")
    return path


if __name__ == "__main__":
    try:
        main()
    except (CanastaError, ForecastsRefused) as error:
        sys.exit(str(error))
    except subprocess.CalledProcessError:
        sys.exit("The peers failed; what they say stands above.")
