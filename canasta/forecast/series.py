"""Finding a series by its labels as people type them: case, accents, spaces, a plural s aside."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from difflib import get_close_matches
from itertools import product

from canasta.errors import AmbiguousLabels, UnknownLabel, UnknownSeries
from canasta.labels import Key, folded

SUGGESTED = 3
"""Labels or series that are suggested at most."""

LONGEST = 100
"""Characters of a label that are looked at, and told."""

LIKENESS = 0.6
"""Ratio from which on difflib calls two labels alike."""


class Directory:
    """Looks series up.

    A label that is known as it stands means itself. Another one means whichever known labels
    differ from it in case, accents, spaces and a final plural s alone.

    Args:
        columns: names of the key columns.
        keys: S known series.
    """

    def __init__(self, columns: Sequence[str], keys: Sequence[Key]) -> None:
        self.columns = tuple(columns)
        self.keys = tuple(keys)
        self._rows = {key: row for row, key in enumerate(keys)}
        self._labels = [_by_loose({key[at] for key in keys}) for at in range(len(self.columns))]

    def find(self, asked: Key) -> int:
        """Return the row of the series with the labels `asked`, in the order of the key columns.

        Raises:
            UnknownLabel: a label is none of its column's; the message names the nearest.
            AmbiguousLabels: they may mean several series.
            UnknownSeries: no series has all of them.
        """
        row = self._rows.get(asked)
        if row is not None:
            return row
        meant = [self.labels(at, label) for at, label in enumerate(asked)]
        found = [self._rows[key] for key in product(*meant) if key in self._rows]
        if len(found) == 1:
            return found[0]
        if found:
            raise AmbiguousLabels(
                f"{told(asked)} may be {'; or '.join(told(self.keys[row]) for row in found)}. "
                "Write the labels as one of these has them."
            )
        raise UnknownSeries(
            f"{told(tuple(labels[0] for labels in meant))} was never quoted: each label is known, "
            "but not together. "
            f"The nearest: {'; '.join(told(key) for key in _kin(meant, self.keys))}."
        )

    def labels(self, at: int, asked: str) -> tuple[str, ...]:
        """Return the known labels of the key column number `at` that are meant by `asked`.

        Raises:
            UnknownLabel: there is none; the message names the nearest.
        """
        labels = self._labels[at]
        alike = labels.get(_loose(asked), ())
        if asked in alike:
            return (asked,)
        if alike:
            return alike
        raise _unknown(self.columns[at], asked[:LONGEST], labels)


def told(key: Key) -> str:
    """Return a key as people read it."""
    return ", ".join(label[:LONGEST] for label in key)


def _loose(label: str) -> str:
    """Return what is left of a label without case, accents, spaces and a final plural s."""
    return folded(label).replace(" ", "").removesuffix("s")


def _by_loose(labels: Iterable[str]) -> dict[str, tuple[str, ...]]:
    found: dict[str, tuple[str, ...]] = {}
    for label in sorted(labels):
        found[_loose(label)] = (*found.get(_loose(label), ()), label)
    return found


def _unknown(column: str, asked: str, labels: Mapping[str, tuple[str, ...]]) -> UnknownLabel:
    alike = get_close_matches(_loose(asked), labels, n=SUGGESTED, cutoff=LIKENESS)
    nearest = tuple(label for one in alike for label in labels[one])
    shown = nearest or tuple(label for several in labels.values() for label in several)[:SUGGESTED]
    kind = "The nearest" if nearest else "There are such as"
    message = f"{column} {asked!r} is not known. {kind}: {', '.join(shown)}."
    return UnknownLabel(message, column, nearest)


def _kin(meant: Sequence[tuple[str, ...]], keys: Iterable[Key]) -> list[Key]:
    """Return the series that share the most labels with one that is none."""

    def shared(key: Key) -> int:
        return sum(label in labels for label, labels in zip(key, meant, strict=True))

    most = sorted(keys, key=shared, reverse=True)
    return [key for key in most if shared(key) == shared(most[0])][:SUGGESTED]
