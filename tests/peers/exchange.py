"""Our side of the exchange: write what the peers may know, run them, read what they forecast."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from numpy.typing import NDArray

from canasta.forecast.evaluation.origins import Window
from canasta.forecast.outlook import HORIZONS, LEVELS
from canasta.forecast.panel import Floats, Panel
from canasta.settings import ROOT
from tests.peers import layout

PYTHON = Path(".venv-peers") / "bin" / "python"


ROUNDING = 1e-6
"""By which a quantile may fall short of the one before: interpolation rounds."""


class ForecastsRefused(Exception):
    """A peer's forecasts are not what was asked for."""


@dataclass(frozen=True)
class PeerForecasts:
    """Prices that one peer forecasts for S series from N origins over H horizons.

    Attributes:
        mean: (H, S, N); NaN where it forecasts nothing.
        sd: (H, S, N), where its distributions are normal.
        quantiles: (H, S, N, L) at LEVELS, where they are others.
    """

    mean: Floats
    sd: Floats | None = None
    quantiles: Floats | None = None

    @property
    def is_point(self) -> bool:
        """Whether it gives no distribution."""
        return self.sd is None and self.quantiles is None


@dataclass(frozen=True)
class Answer:
    """What came back: forecasts and seconds by peer, versions by package."""

    forecasts: Mapping[str, PeerForecasts]
    seconds: Mapping[str, float]
    versions: Mapping[str, str]


def ask_peers(folder: Path, panel: Panel, window: Window, seed: int) -> Answer:
    """Let all peers forecast from the origins of `window`; `folder` holds what is exchanged.

    Raises:
        ForecastsRefused: the peers' environment is missing, or they forecast other things.
        CalledProcessError: a peer failed; it has said why.
    """
    if not (ROOT / PYTHON).exists():
        raise ForecastsRefused(
            f"{PYTHON.parent.parent} is missing; `make bench-accuracy` makes it."
        )
    write_request(folder, panel, window, seed)
    command = [str(ROOT / PYTHON), "-m", "tests.peers.forecast", str(folder)]
    subprocess.run(command, cwd=ROOT, check=True)
    return read_answer(folder, panel, window)


def write_request(folder: Path, panel: Panel, window: Window, seed: int) -> None:
    """Write history, origins and what is asked for."""
    series = np.repeat(np.arange(len(panel.keys)), len(panel.dates))
    prices = pa.array(panel.prices.ravel(), from_pandas=True)  # null where not quoted
    history = {"series": series, "date": list(panel.dates) * len(panel.keys), "price": prices}
    pq.write_table(pa.table(history), folder / layout.HISTORY)
    pairs = [(origin, refit) for refit in window.refits for origin in window.served(refit)]
    origins = {
        name: [panel.dates[column] for column in columns]
        for name, columns in zip(("origin", "refit"), zip(*pairs, strict=True), strict=True)
    }
    pq.write_table(pa.table(origins), folder / layout.ORIGINS)
    request = {"horizons": HORIZONS, "levels": LEVELS, "seed": seed}
    (folder / layout.REQUEST).write_text(json.dumps(request), encoding="utf-8")


def read_answer(folder: Path, panel: Panel, window: Window) -> Answer:
    """Read the forecasts of all peers, and what they report.

    Raises:
        ForecastsRefused: a file holds other things than were asked for.
    """
    report = json.loads((folder / layout.REPORT).read_text(encoding="utf-8"))
    forecasts = {
        name: read_forecasts(folder / layout.FORECASTS / f"{name}.parquet", panel, window)
        for name in report["seconds"]
    }
    return Answer(forecasts, report["seconds"], report["versions"])


def read_forecasts(path: Path, panel: Panel, window: Window) -> PeerForecasts:
    """Read one peer's forecasts into arrays.

    Raises:
        ForecastsRefused: columns are missing; an origin, series or horizon was not asked for; one
            is forecast twice; quantiles are not at LEVELS or do not ascend.
    """
    table = pq.read_table(path)
    if missing := [name for name in layout.COLUMNS if name not in table.column_names]:
        raise ForecastsRefused(f"{path.name} lacks {', '.join(missing)}; see tests/peers/layout.py")
    origins = panel.dates[window.first : window.stop]
    shape = (HORIZONS, len(panel.keys), len(origins))
    cells = _cells(table, path.stem, origins, shape)
    mean = np.full(shape, np.nan)
    mean[cells] = _numbers(table, "mean")
    sd = None
    if table["sd"].null_count < len(table):
        sd = np.full(shape, np.nan)
        sd[cells] = _numbers(table, "sd")
    quantiles = None
    if table["quantiles"].null_count < len(table):
        quantiles = np.full((*shape, len(LEVELS)), np.nan)
        quantiles[cells] = _quantiles(table, path.stem)
    return PeerForecasts(mean, sd, quantiles)


def _cells(
    table: pa.Table, peer: str, origins: tuple[date, ...], shape: tuple[int, int, int]
) -> tuple[NDArray[np.int64], ...]:
    """Return where each row stands in arrays of `shape`."""
    position = {day: at for at, day in enumerate(origins)}
    foreign = sorted(set(table["origin"].to_pylist()) - set(position))
    if foreign:
        raise ForecastsRefused(
            f"{peer} forecasts from {foreign[0]}, which is none of the {len(origins)} origins "
            f"asked for, {origins[0]} to {origins[-1]}."
        )
    horizon = table["horizon"].to_numpy().astype(np.int64) - 1
    series = table["series"].to_numpy().astype(np.int64)
    for name, values, count in (("horizon", horizon, shape[0]), ("series", series, shape[1])):
        if outside := values[(values < 0) | (values >= count)].tolist():
            raise ForecastsRefused(
                f"{peer} forecasts {name} {outside[0] + (name == 'horizon')}; {count} were asked."
            )
    at = np.array([position[day] for day in table["origin"].to_pylist()], dtype=np.int64)
    flat = np.ravel_multi_index((horizon, series, at), shape)
    if len(np.unique(flat)) < len(flat):
        raise ForecastsRefused(f"{peer} forecasts the same price from the same origin twice.")
    return horizon, series, at


def _numbers(table: pa.Table, name: str) -> Floats:
    values: Floats = table[name].to_numpy().astype(np.float64)
    return values


def _quantiles(table: pa.Table, peer: str) -> Floats:
    lists = table["quantiles"].combine_chunks()
    flat = lists.flatten().to_numpy(zero_copy_only=False)
    if table["quantiles"].null_count or len(flat) != len(table) * len(LEVELS):
        raise ForecastsRefused(
            f"{peer} gives {len(flat)} quantiles in {len(table)} forecasts; each needs "
            f"{len(LEVELS)}, at the levels of the request."
        )
    quantiles: Floats = flat.reshape(len(table), len(LEVELS)).astype(np.float64)
    if (np.diff(quantiles, axis=1) < -ROUNDING).any():
        raise ForecastsRefused(f"The quantiles of {peer} do not ascend with their levels.")
    return quantiles
