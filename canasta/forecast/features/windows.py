"""Running sums, rates and look-backs over the last axis of (…, T) arrays."""

from __future__ import annotations

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray

from canasta.forecast.panel import Floats

type Ints = NDArray[np.intp]


def running(values: Floats) -> Floats:
    """Sum from the first column up to each column."""
    return np.cumsum(values, axis=-1)


def within(totals: Floats, width: int) -> Floats:
    """Sum over the newest `width` columns, from running totals."""
    recent = totals.copy()
    recent[..., width:] -= totals[..., :-width]
    return recent


def shrunk(count: Floats, trials: Floats, prior: Floats | float, weight: float) -> Floats:
    """Rate `count / trials` drawn to `prior`, which counts `weight` trials."""
    rate: Floats = (count + weight * prior) / (trials + weight)
    return rate


def latest(mask: NDArray[np.bool_]) -> Ints:
    """Column of the newest True up to each column; -1 before the first."""
    columns = np.where(mask, np.arange(mask.shape[-1]), -1)
    return np.maximum.accumulate(columns, axis=-1)


def at(values: Floats, columns: Ints, otherwise: float) -> Floats:
    """Take `values` at `columns`; `otherwise` where the column is -1."""
    taken = np.take_along_axis(values, np.maximum(columns, 0), axis=-1)
    return np.where(columns >= 0, taken, otherwise)


def extremes(values: Floats, width: int) -> tuple[Floats, Floats]:
    """Highest and lowest value of the newest `width` columns; NaN where there is none."""
    before = np.full((*values.shape[:-1], width - 1), np.nan)
    windows = sliding_window_view(np.concatenate([before, values], axis=-1), width, axis=-1)
    return np.fmax.reduce(windows, axis=-1), np.fmin.reduce(windows, axis=-1)
