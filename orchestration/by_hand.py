"""What an operator does by hand: promote, roll back, release, look at what is live."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

from canasta.deliver.summary import live_line
from canasta.errors import ObjectCorrupt, SettingsError
from canasta.forecast.history import read_panel
from canasta.ingest.intake import release, waiting
from canasta.ingest.quarantine import Quarantined, is_acceptable, is_confirmable
from canasta.ingest.replayed import newest_replayed
from canasta.registry.pointer import Pointer, current
from canasta.registry.promotion import promote_by_hand, rollback
from canasta.registry.settling import settle
from canasta.registry.tenure import banned
from orchestration.reign import reign_of
from orchestration.workspace import Workspace, reading, refuse_the_past, writing

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


def accept_quarantined(accepted: str, execution_date: str | None = None) -> None:
    """Let a quarantined publication into the lake; the last one of that date to come.

    Args:
        accepted: its date, as YYYY-MM-DD.
        execution_date: the day of the decision, as YYYY-MM-DD; today by default.

    Raises:
        SettingsError: a date cannot be used.
        LakeError: no publication of that date waits, or it holds no prices.
    """
    try:
        day = date.fromisoformat(accepted)
    except ValueError:
        raise SettingsError(f"ACCEPT={accepted!r} is no date; write it as YYYY-MM-DD.") from None
    with writing(execution_date, from_source=False) as work:
        refuse_the_past(work)
        block = release(work.lake, day, work.as_of, work.parameters.quality)
    print(f"Accepted  {_held(block)}")
    print("          `make daily` forecasts from it.")


def print_quarantine(execution_date: str | None = None) -> None:
    """Print which publications wait in quarantine, and why.

    Args:
        execution_date: the day whose lake is looked at, as YYYY-MM-DD; today by default.
    """
    work = reading(execution_date)
    blocks, accepted = waiting(work.lake, work.as_of), work.lake.dates()
    print(f"Lake      {work.store.url}")
    for block in blocks:
        print(f"Waiting   {_held(block)}")
        if block.block_date in accepted:
            print("          The lake holds another copy of it; letting this one in replaces that.")
        print(f"          {_what_lets_in(block, work)}")
    if not blocks:
        print("          no publication is quarantined")


def print_live() -> None:
    """Print who is champion, how its forecasts did, how far the history reaches and its gaps."""
    work = reading()
    print(f"Lake      {work.store.url}")
    dates = [day for day in work.lake.dates() if day <= work.as_of]
    if not dates:
        print("          empty; `make daily` fills it")
        return
    print(f"History   {len(dates)} publications, {dates[0]} to {dates[-1]}")
    # Where the past is replayed, the last replayed day is today.
    gaps = work.lake.gaps(newest_replayed(work.store) or work.as_of)
    for name, days in (("quarantined", gaps.quarantined), ("not come", gaps.missing)):
        if days:
            print(f"          {len(days)} {name}: {_newest_of(days)}")
    pointer = current(work.store)
    print("Champion  none yet" if pointer is None else _told(pointer))
    for line in _live_lines(work):
        print(f"          {line}")
    for recipe, left in banned(work.store, dates, work.parameters.live.ban).items():
        print(f"Barred    recipe {recipe}: its outcomes failed; {left} publications more")


def _tell_of(pointer: Pointer) -> None:
    print(_told(pointer))
    print("          `make report` writes its report.")


def _live_lines(work: Workspace) -> list[str]:
    """Say how the champion does; or why that is not known, which hides nothing else."""
    try:
        reign = reign_of(work)
    except ObjectCorrupt as error:
        return [f"its live skill is not known: {error}"]
    return [] if reign is None else [live_line(reign.skill())]


def _held(block: Quarantined) -> str:
    day = block.block_date or "undated"
    reasons = "; ".join(str(reason) for reason in block.reasons)
    return f"{day}, first seen in the file of {block.first_seen}: {reasons}"


def _what_lets_in(block: Quarantined, work: Workspace) -> str:
    ways = []
    if is_confirmable(block):
        ways.append(f"later files that repeat it, {work.parameters.quality.confirmations} at least")
    if is_acceptable(block, work.commodity):
        ways.append(f"`make quarantine ACCEPT={block.block_date}`")
    if not ways:
        return "Nothing lets it in: wait for a corrected file."
    return f"What lets it in: {'; or '.join(ways)}."


def _newest_of(days: Sequence[date]) -> str:
    shown = ", ".join(str(day) for day in days[-SHOWN:])
    return shown if len(days) <= SHOWN else f"…, {shown}"


def _told(pointer: Pointer) -> str:
    title = pointer.title
    return (
        f"Champion  version {title.version} of {title.model_name}, {title.recipe.algorithm}, "
        f"since {pointer.promotion_time[:16]}; forecasts from {pointer.origin}"
    )
