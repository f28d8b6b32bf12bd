"""Finding a series by its labels as people type them: case, accents, spaces, a plural s aside."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from difflib import get_close_matches

from canasta.labels import Key, folded
from deployment.app.problems import ProblemError

SUGGESTED = 3
"""Labels that are suggested at most."""

LONGEST = 100
"""Characters of a label that are looked at, and told."""

LIKENESS = 0.6
"""Ratio from which on difflib calls two labels alike."""


@dataclass(frozen=True)
class Found:
    """A series, and what had to be overlooked to find it."""

    row: int
    warnings: tuple[str, ...]


@dataclass(frozen=True)
class Label:
    """A known label, and what had to be overlooked to find it; empty for nothing."""

    label: str
    warning: str


class Directory:
    """Looks series up.

    Args:
        columns: names of the key columns.
        keys: S known series.
    """

    def __init__(self, columns: Sequence[str], keys: Sequence[Key]) -> None:
        self._columns = tuple(columns)
        self._rows = {key: row for row, key in enumerate(keys)}
        self._labels: list[dict[str, str]] = [
            {_loose(label): label for label in sorted({key[at] for key in keys})}
            for at in range(len(self._columns))
        ]

    def find(self, asked: Key) -> Found:
        """Return the series with the labels `asked`, in the order of the key columns.

        Raises:
            ProblemError: a label is unknown, or no series has all of them.
        """
        row = self._rows.get(asked)
        if row is not None:
            return Found(row, ())
        found = [self.label(at, label) for at, label in enumerate(asked)]
        known = tuple(one.label for one in found)
        row = self._rows.get(known)
        if row is None:
            raise ProblemError(
                "not-quoted",
                f"{', '.join(known)} was never quoted: each label is known, but not together. "
                "GET /series lists what is.",
            )
        return Found(row, tuple(one.warning for one in found if one.warning))

    def label(self, at: int, asked: str) -> Label:
        """Return the known label of the key column number `at` that is meant by `asked`.

        Raises:
            ProblemError: there is none.
        """
        known = self._known(at, asked)
        if known == asked:
            return Label(known, "")
        return Label(known, f"label-matched: {self._columns[at]} {asked!r} was read as {known!r}.")

    def _known(self, at: int, label: str) -> str:
        column, labels = self._columns[at], self._labels[at]
        found = labels.get(_loose(label))
        if found is not None:
            return found
        shown = label[:LONGEST]
        alike = get_close_matches(_loose(shown), labels, n=SUGGESTED, cutoff=LIKENESS)
        nearest = [labels[one] for one in alike]
        known = f"The nearest: {', '.join(nearest)}." if nearest else "GET /series lists them."
        raise ProblemError(
            "unknown-label",
            f"{column} {shown!r} is not known. {known}",
            field=column,
            suggestions=nearest,
        )


def _loose(label: str) -> str:
    """Return what is left of a label without case, accents, spaces and a final plural s."""
    return folded(label).replace(" ", "").removesuffix("s")
