"""What decision records say of recipes: since when one reigns, and which may not win for now."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from canasta.forecast.recipe import Recipe
from canasta.registry.decisions import Kind, Record, newest_first
from canasta.registry.pointer import Pointer
from canasta.store import Store


@dataclass(frozen=True)
class Tenure:
    """The time in which one recipe holds the title, whatever its fits.

    Attributes:
        recipe: the champion's.
        since: the newest publication when it took the title; or where the look back ended.
        versions: of the model, that held the title since.
    """

    recipe: Recipe
    since: date
    versions: frozenset[int]


def tenure_of(lake: Store, champion: Pointer, not_before: date) -> Tenure:
    """Walk decisions back to the one that gave the champion's recipe the title.

    Args:
        lake: with the decisions.
        champion: what is live.
        not_before: publications before it are not looked at.

    Raises:
        ObjectCorrupt: a decision cannot be read.
    """
    recipe, versions, since = champion.title.recipe, {champion.title.version}, champion.origin
    for _, record in newest_first(lake):
        if record.after is None:
            continue
        if record.origin < not_before or _recipe(record.after) != recipe:
            break
        since = record.origin
        versions.add(int(record.after["version"]))
    return Tenure(recipe, since, frozenset(versions))


def banned(lake: Store, publications: Sequence[date], length: int) -> dict[str, int]:
    """Return for how many more publications each recipe may not win, by its id.

    A recipe that live outcomes took the title from may not win for `length` publications. Who
    promotes it by hand meanwhile lifts the ban. A rollback by hand bans nothing: the person who
    asks for it decides.

    Args:
        lake: with the decisions.
        publications: accepted so far, ascending.
        length: of a ban.

    Raises:
        ObjectCorrupt: a decision cannot be read.
    """
    found: dict[str, int] = {}
    settled: set[str] = set()
    for _, record in newest_first(lake):
        left = length - sum(day > record.origin for day in publications)
        if left <= 0:
            break
        recipe = _concerned(record)
        if recipe is None or recipe.id in settled:
            continue
        settled.add(recipe.id)
        if record.kind is Kind.ROLLBACK:
            found[recipe.id] = left
    return found


def _concerned(record: Record) -> Recipe | None:
    """Return the recipe that a record bans, or frees; None for most records."""
    if record.kind is Kind.PROMOTE:
        return _recipe(record.after)
    fell = record.kind is Kind.ROLLBACK and record.ruling is not None
    return _recipe(record.before) if fell else None


def _recipe(pointer: Any) -> Recipe | None:
    """Return the recipe of a pointer's content; None for one of an earlier system."""
    return Recipe.from_dict(pointer["recipe"]) if pointer and "recipe" in pointer else None
