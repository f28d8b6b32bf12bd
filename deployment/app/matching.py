"""A series by its labels as people type them, with a warning for each that had to be matched."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from canasta.errors import AmbiguousLabels, UnknownLabel, UnknownSeries
from canasta.forecast.series import Directory
from canasta.labels import Key
from deployment.app.problems import ProblemError


@dataclass(frozen=True)
class Found:
    """A series, and what had to be overlooked to find it."""

    row: int
    warnings: tuple[str, ...]


@dataclass(frozen=True)
class Labels:
    """Known labels, and what had to be overlooked to find them."""

    labels: tuple[str, ...]
    warnings: tuple[str, ...]


def find(directory: Directory, asked: Key) -> Found:
    """Return the series with the labels `asked`, in the order of the key columns.

    Raises:
        ProblemError: a label is unknown, or no series has all of them.
    """
    with _problems():
        row = directory.find(asked)
    known = directory.keys[row]
    if known == asked:
        return Found(row, ())
    read = zip(directory.columns, asked, known, strict=True)
    return Found(row, tuple(_matched(*one) for one in read if one[1] != one[2]))


def labels(directory: Directory, at: int, asked: str) -> Labels:
    """Return the known labels of the key column number `at` that are meant by `asked`.

    Raises:
        ProblemError: there is none.
    """
    with _problems():
        known = directory.labels(at, asked)
    column = directory.columns[at]
    return Labels(known, tuple(_matched(column, asked, one) for one in known if one != asked))


@contextmanager
def _problems() -> Iterator[None]:
    try:
        yield
    except UnknownLabel as error:
        raise ProblemError(
            "unknown-label", str(error), field=error.column, suggestions=list(error.nearest)
        ) from None
    except AmbiguousLabels as error:
        raise ProblemError("ambiguous-labels", str(error)) from None
    except UnknownSeries as error:
        raise ProblemError("not-quoted", f"{error} GET /series lists what is.") from None


def _matched(column: str, asked: str, known: str) -> str:
    return f"label-matched: {column} {asked!r} was read as {known!r}."
