"""What an operator does by hand: promote, roll back, look at what is live."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

from canasta.forecast.history import read_panel
from canasta.registry.pointer import Pointer, current
from canasta.registry.promotion import promote_by_hand, rollback
from canasta.registry.settling import settle
from orchestration.workspace import reading, refuse_the_past, writing

SHOWN = 5
"""Dates that are listed; of more, the newest."""


def promote_version(version: int, execution_date: str | None = None) -> None:
    """Make a registered version the champion.

    Args:
        version: its number in MLflow.
        execution_date: the day that its forecasts stand for, as YYYY-MM-DD; today by default.

    Raises:
        UnknownVersion: MLflow does not know it.
    """
    with writing(execution_date, from_source=False) as work:
        refuse_the_past(work)
        settle(work.registry)
        panel = read_panel(work.lake, work.commodity, work.as_of)
        pointer = promote_by_hand(work.registry, work.basis(panel), version)
    _tell_of(pointer)


def roll_back(execution_date: str | None = None) -> None:
    """Bring the previous champion back.

    Args:
        execution_date: the day that its forecasts stand for, as YYYY-MM-DD; today by default.

    Raises:
        NoPreviousChampion: there is none.
    """
    with writing(execution_date, from_source=False) as work:
        refuse_the_past(work)
        settle(work.registry)
        panel = read_panel(work.lake, work.commodity, work.as_of)
        pointer = rollback(work.registry, work.basis(panel), "Rolled back by hand.")
    _tell_of(pointer)


def print_live() -> None:
    """Print who is champion, how far the history reaches, and what is missing in it."""
    work = reading()
    print(f"Lake      {work.store.url}")
    dates = [day for day in work.lake.dates() if day <= work.as_of]
    if not dates:
        print("          empty; `make daily` fills it")
        return
    print(f"History   {len(dates)} publications, {dates[0]} to {dates[-1]}")
    gaps = work.lake.gaps(work.as_of)
    for name, days in (("quarantined", gaps.quarantined), ("not come", gaps.missing)):
        if days:
            print(f"          {len(days)} {name}: {_newest_of(days)}")
    pointer = current(work.store)
    print("Champion  none yet" if pointer is None else _told(pointer))


def _tell_of(pointer: Pointer) -> None:
    print(_told(pointer))
    print("          `make report` writes its report.")


def _newest_of(days: Sequence[date]) -> str:
    shown = ", ".join(str(day) for day in days[-SHOWN:])
    return shown if len(days) <= SHOWN else f"…, {shown}"


def _told(pointer: Pointer) -> str:
    title = pointer.title
    return (
        f"Champion  version {title.version} of {title.model_name}, {title.recipe.algorithm}, "
        f"since {pointer.promotion_time[:16]}; forecasts from {pointer.origin}"
    )
