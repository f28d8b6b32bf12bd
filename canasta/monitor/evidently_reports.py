"""Evidently: reports of drift and of how good forecasts were. The one module that knows it.

Evidently takes 2 to 6 seconds to import, so it is imported by whoever needs a report, when he
does, and never on a path that serves.
"""

from __future__ import annotations

import base64
import json
import warnings
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from canasta.forecast.panel import Floats

ASSETS = ".."
"""Where pages look for the files that they share: the folder above theirs."""

METHOD = "wasserstein"
"""Normed: over the reference's standard deviation."""

LEAST_OUTCOMES = 3
"""Evidently's statistics of errors are not defined for fewer."""


@dataclass(frozen=True)
class Rendered:
    """One report of Evidently's.

    Attributes:
        scores: of drift, by column; none in a performance report.
        figures: everything Evidently found, as it says it, for JSON.
        page: HTML that takes script and font from the files of `assets`, in ASSETS.
    """

    scores: Mapping[str, float]
    figures: Mapping[str, Any]
    page: str


def drift_report(
    reference: Mapping[str, Floats], current: Mapping[str, Floats], thresholds: Mapping[str, float]
) -> Rendered:
    """Compare two samples of each quantity by normed Wasserstein distance.

    Args:
        reference: cells by quantity, of any shape; NaN is no cell.
        current: the same, of the days looked at.
        thresholds: from which a score is drift; the quantities that are compared. All have
            cells in both.
    """
    with _quiet():
        from evidently import Report  # noqa: PLC0415 - takes seconds
        from evidently.metrics import ValueDrift  # noqa: PLC0415 - the same

        metrics = [
            ValueDrift(column=name, method=METHOD, threshold=threshold)
            for name, threshold in thresholds.items()
        ]
        samples = (_numbers(_frame(cells, list(thresholds))) for cells in (current, reference))
        snapshot = Report(metrics, include_tests=True).run(*samples)
    found = json.loads(snapshot.json())
    scores = {one["config"]["column"]: float(one["value"]) for one in found["metrics"]}
    return Rendered(scores, found, _page(snapshot))


def performance_report(outcomes: pd.DataFrame, before: pd.DataFrame | None = None) -> Rendered:
    """Say how good published forecasts were: errors, their spread and their shape.

    Args:
        outcomes: `target`, the published price, and `prediction`, the forecast of it; other
            columns are left out. LEAST_OUTCOMES rows at least.
        before: earlier ones to compare with.

    Raises:
        ValueError: there are too few rows, or a price is missing.
    """
    frames = [
        frame[["target", "prediction"]].astype(np.float64)
        for frame in (outcomes, before)
        if frame is not None and len(frame) >= LEAST_OUTCOMES
    ]
    if len(outcomes) < LEAST_OUTCOMES or any(frame.isna().any(axis=None) for frame in frames):
        raise ValueError(
            f"A performance report needs {LEAST_OUTCOMES} outcomes or more, each with target and "
            f"prediction; got {len(outcomes)}."
        )
    with _quiet():
        from evidently import Report  # noqa: PLC0415 - takes seconds
        from evidently.presets import RegressionPreset  # noqa: PLC0415 - the same
        from sklearn.exceptions import UndefinedMetricWarning  # noqa: PLC0415 - the same

        # For its plots Evidently measures bins of prices, some of which hold a single one.
        warnings.simplefilter("ignore", UndefinedMetricWarning)
        snapshot = Report([RegressionPreset()]).run(*(_prices(frame) for frame in frames))
    return Rendered({}, json.loads(snapshot.json()), _page(snapshot))


def assets() -> dict[str, bytes]:
    """Return the files that all pages share, by name: each is of one version of Evidently."""
    script, font = _asset_names()
    folder = _static()
    return {
        script: (folder / "index.js").read_bytes(),
        font: (folder / "material-ui-icons.woff2").read_bytes(),
    }


@contextmanager
def _quiet() -> Iterator[None]:
    """Keep to itself what Evidently warns of: its own use of litestar and numpy (0.7.23)."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        yield


def _frame(cells: Mapping[str, Floats], names: Sequence[str]) -> pd.DataFrame:
    """Lay samples side by side, each from the top: Evidently leaves out what is missing."""
    columns = {name: cells[name][np.isfinite(cells[name])] for name in names}
    return pd.DataFrame({name: pd.Series(column) for name, column in columns.items()})


def _numbers(frame: pd.DataFrame) -> Any:
    from evidently import DataDefinition, Dataset  # noqa: PLC0415 - takes seconds

    return Dataset.from_pandas(frame, DataDefinition(numerical_columns=list(frame)))


def _prices(frame: pd.DataFrame) -> Any:
    from evidently import DataDefinition, Dataset, Regression  # noqa: PLC0415 - takes seconds

    definition = DataDefinition(
        numerical_columns=list(frame),
        regression=[Regression(target="target", prediction="prediction")],
    )
    return Dataset.from_pandas(frame, definition)


def _page(snapshot: Any) -> str:
    """Return the page with its script and its font named in place of embedded.

    Raises:
        ValueError: they are not where they were in the Evidently that this was written for.
    """
    page: str = snapshot.get_html_str(as_iframe=False)
    script, font = _asset_names()
    for embedded, named in (
        (f"<script>{_script()}</script>", f'<script src="{ASSETS}/{script}"></script>'),
        (f"data:font/ttf;base64,{_font()}", f"{ASSETS}/{font}"),
    ):
        before, found, after = page.partition(embedded)
        if not found:
            raise ValueError(
                "Evidently's page does not embed its script and font as version 0.7 does; "
                "install the version that Pipfile.lock names."
            )
        page = before + named + after
    return page


def _asset_names() -> tuple[str, str]:
    from evidently import __version__  # noqa: PLC0415 - takes seconds

    return f"evidently-{__version__}.js", f"evidently-{__version__}.woff2"


def _static() -> Path:
    import evidently  # noqa: PLC0415 - takes seconds

    return Path(evidently.__path__[0]) / "nbextension" / "static"


@cache
def _script() -> str:
    return (_static() / "index.js").read_text(encoding="utf-8")


@cache
def _font() -> str:
    return base64.b64encode((_static() / "material-ui-icons.woff2").read_bytes()).decode()
