"""Finding a series by its labels, as people type them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from difflib import get_close_matches

from canasta.errors import UnknownSeries
from canasta.labels import Key, clean, folded

SUGGESTED = 5
"""Labels or series that are suggested at most."""

LIKENESS = 0.5
"""Ratio from which on difflib calls two labels alike."""


def find_series(keys: Sequence[Key], columns: Sequence[str], asked: Mapping[str, str]) -> int:
    """Return the position of the series whose labels are `asked`, once these are cleaned.

    Args:
        keys: the known series.
        columns: names of the key columns.
        asked: the label of each of them.

    Raises:
        UnknownSeries: a label is none of its column's, or no series has all of them; the
            message names the nearest.
    """
    wanted = tuple(clean(asked[column]) for column in columns)
    if wanted in keys:
        return keys.index(wanted)
    for at, (column, label) in enumerate(zip(columns, wanted, strict=True)):
        known = {key[at] for key in keys}
        if label not in known:
            raise UnknownSeries(f"There is no {column} {label!r}. {_nearest(label, known)}")
    raise UnknownSeries(
        f"No series is {told(wanted)}, though each of these labels is known. "
        f"The nearest: {'; '.join(told(key) for key in _kin(wanted, keys))}."
    )


def told(key: Key) -> str:
    """Return a key as people read it."""
    return ", ".join(key)


def _nearest(label: str, known: Iterable[str]) -> str:
    """Name the labels that are most like one, with no regard to case and accents."""
    labels = sorted(known)
    wanted, folds = folded(label), [folded(one) for one in labels]
    # One that differs in case and accents alone is meant: no other is suggested then.
    cutoff = 1.0 if wanted in folds else LIKENESS
    alike = get_close_matches(wanted, folds, n=SUGGESTED, cutoff=cutoff)
    if not alike:
        return f"Known: {_quoted(labels)}."
    nearest = dict.fromkeys(labels[at] for one in alike for at in _places(one, folds))
    return f"The nearest known: {_quoted(nearest)}. Case and accents count."


def _quoted(labels: Iterable[str]) -> str:
    return ", ".join(repr(label) for label in labels)


def _places(fold: str, folds: Sequence[str]) -> list[int]:
    return [at for at, one in enumerate(folds) if one == fold]


def _kin(wanted: Key, keys: Iterable[Key]) -> list[Key]:
    """Return the series that share the most labels with one that is none."""

    def shared(key: Key) -> int:
        return sum(mine == theirs for mine, theirs in zip(wanted, key, strict=True))

    most = sorted(keys, key=shared, reverse=True)
    return [key for key in most if shared(key) == shared(most[0])][:SUGGESTED]
