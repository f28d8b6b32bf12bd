"""The last days against those before them: normed Wasserstein distances of sliding windows."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from canasta.calendar import PublicationCalendar
from canasta.forecast.panel import Floats

LEAST_NORM = 0.001
"""The least standard deviation that distances are normed by; Evidently's."""
LEAST_VARIED = 50
"""Cells of a reference that differ from its commonest value, without which there is no score: what
hardly ever moves has no spread to norm by, and its next move would be hundreds of norms."""

type Columns = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Windows:
    """Lengths, in publications: a holiday does not make a window any smaller.

    Attributes:
        current: of the newest publications.
        reference: of those before them.
        least: of a reference, for it to be one.
    """

    current: int
    reference: int
    least: int

    def ends(self, publications: int) -> Columns:
        """Return, ascending, how many publications each window with a reference ends after."""
        return np.arange(self.least + self.current, publications + 1)

    def slices(self, end: int) -> tuple[slice, slice]:
        """Return the publications of the reference and of the window that ends after `end`."""
        start = end - self.current
        return slice(max(start - self.reference, 0), start), slice(start, end)


def publications_in(days: int, calendar: PublicationCalendar) -> int:
    """Return how many publications `days` hold, holidays aside; at least one."""
    return max(round(days * len(calendar.weekdays) / 7), 1)


def scores(values: Floats, windows: Windows) -> Floats:
    """Return the score of each window against its reference.

    The score is the first Wasserstein distance between both samples of cells over the
    reference's standard deviation (or LEAST_NORM): Evidently's method `wasserstein`, for all
    windows in one pass. Its value at one window equals Evidently's, which a test shows.

    Args:
        values: (rows, T), NaN where there is no cell.
        windows: their lengths.

    Returns:
        One score for each of `windows.ends(T)`; NaN where the window is empty, or fewer than
        LEAST_VARIED cells of its reference differ from the commonest.
    """
    ends = windows.ends(values.shape[1])
    row, column = np.nonzero(np.isfinite(values))
    points, index = np.unique(values[row, column], return_inverse=True)
    if not points.size or not ends.size:
        return np.full(ends.shape, np.nan)
    counts = np.zeros((values.shape[1] + 1, points.size))
    np.add.at(counts, (column + 1, index), 1)
    until = np.cumsum(counts, axis=0)
    starts = ends - windows.current
    current = until[ends] - until[starts]
    reference = until[starts] - until[np.maximum(starts - windows.reference, 0)]
    return _distance(points, reference, current)


def _distance(points: Floats, reference: Floats, current: Floats) -> Floats:
    """Return the scores of samples that hold each of `points` as often as the rows say."""
    sizes = [sample.sum(axis=1, keepdims=True) for sample in (reference, current)]
    varied = sizes[0] - reference.max(axis=1, keepdims=True)
    mute = (varied < LEAST_VARIED) | (sizes[1] == 0)
    first, second = (
        sample / np.where(size, size, 1)
        for sample, size in zip((reference, current), sizes, strict=True)
    )
    gaps = np.abs(np.cumsum(first - second, axis=1))[:, :-1]
    mean = first @ points
    variance = np.maximum((first * (points - mean[:, np.newaxis]) ** 2).sum(axis=1), 0.0)
    found = gaps @ np.diff(points) / np.maximum(np.sqrt(variance), LEAST_NORM)
    return np.where(mute[:, 0], np.nan, found)
