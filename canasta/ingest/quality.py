"""The data contract: what a block must satisfy, and what is only worth telling. Pure."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date

from canasta.commodity import Commodity
from canasta.ingest.block import Block
from canasta.ingest.keys import column_of
from canasta.labels import Key
from canasta.parameters import QualityLimits

type Cells = Mapping[Key, float | None]
"""The prices of one publication, clean: None where not quoted, else within the plausible range."""

UNCONFIRMED = frozenset({"isolated-date"})
"""Kinds of reasons that later files do not clear by repeating the block: a cumulative file
repeats a mistyped date for ever, and only a person can tell that it is right."""


@dataclass(frozen=True, slots=True)
class Finding:
    """Something noticed about a block: `kind` for programs, `detail` for people."""

    kind: str
    detail: str

    def __str__(self) -> str:
        return f"{self.kind}: {self.detail}"


@dataclass(frozen=True, slots=True)
class Context:
    """What a block is judged against.

    Attributes:
        commodity: whose plausible range, calendar and columns hold.
        limits: thresholds of the contract.
        previous: the publication accepted before it; None: there is none.
        following: the date of the next block, in its file or accepted; None: there is none.
    """

    commodity: Commodity
    limits: QualityLimits
    previous: Cells | None = None
    following: date | None = None


@dataclass(frozen=True, slots=True)
class Verdict:
    """The judgement of a block.

    Attributes:
        cells: the clean prices, in the order of the sheet.
        reasons: why the block is quarantined; none: it is accepted.
        flags: what is kept, and told.
    """

    cells: Cells
    reasons: tuple[Finding, ...]
    flags: tuple[Finding, ...]

    @property
    def accepted(self) -> bool:
        """Whether the block may enter the lake."""
        return not self.reasons


def cleaned(prices: Cells, commodity: Commodity) -> dict[Key, float | None]:
    """Return `prices` with zeros and implausible numbers as None: what the lake keeps."""
    return {key: price if _plausible(price, commodity) else None for key, price in prices.items()}


def judge(block: Block, context: Context) -> Verdict:
    """Judge one block against the contract.

    Args:
        block: as the source states it.
        context: limits, plausible range, and its neighbours in time.
    """
    cells = cleaned(block.prices, context.commodity)
    reasons = [
        *_checksum_faults(block, context),
        *_range_faults(block, context),
        *_change_faults(cells, context),
        *_isolation(block, context),
    ]
    flags = [
        *_implausible(block, context),
        *_off_calendar(block, context),
        *_label_changes(cells, context),
        *_odd_changes(cells, context),
        *_jumps(cells, context),
    ]
    return Verdict(cells, tuple(reasons), tuple(flags))


def changed_share(cells: Cells, previous: Cells) -> float | None:
    """Return the share of the series quoted in both that differ; None where none is in both."""
    pairs = _pairs(cells, previous)
    return sum(old != new for _, old, new in pairs) / len(pairs) if pairs else None


def _plausible(price: float | None, commodity: Commodity) -> bool:
    return price is not None and commodity.plausible.low <= price <= commodity.plausible.high


def _quoted(prices: Cells) -> dict[Key, float]:
    """Return the cells that hold a price; zero means no quote."""
    return {key: price for key, price in prices.items() if price}


def _pairs(cells: Cells, previous: Cells) -> list[tuple[Key, float, float]]:
    both = ((key, previous.get(key), new) for key, new in cells.items())
    return [(key, old, new) for key, old, new in both if old is not None and new is not None]


def _checksum_faults(block: Block, context: Context) -> Iterator[Finding]:
    row = context.commodity.workbook.checksum_row
    if block.averages is None:
        yield Finding("checksum-missing", f"the block has no row “{row}”")
        return
    columns: dict[Key, list[float]] = defaultdict(list)
    for key, price in _quoted(block.prices).items():
        columns[column_of(key, context.commodity)].append(price)
    for column, prices in columns.items():
        stated, mean = block.averages.get(column), _mean(prices)
        if stated is None:
            yield Finding("checksum-missing", f"“{row}” of {_name(column)} is blank")
        elif not math.isclose(stated, mean, rel_tol=context.limits.checksum_tolerance):
            yield Finding(
                "checksum-mismatch",
                f"“{row}” of {_name(column)} states {stated:.6f}, the cities give {mean:.6f}",
            )


def _mean(prices: list[float]) -> float:
    try:
        return math.fsum(prices) / len(prices)
    except OverflowError:  # absurd prices, whose sum no float holds
        return math.inf


def _range_faults(block: Block, context: Context) -> Iterator[Finding]:
    quoted = len(_quoted(block.prices))
    if not quoted:
        yield Finding("no-prices", "not one price is quoted")
        return
    share = len(_out_of_range(block, context)) / quoted
    if share > context.limits.max_implausible_share:
        yield Finding("implausible", f"{share:.0%} of the prices lie outside the plausible range")


def _change_faults(cells: Cells, context: Context) -> Iterator[Finding]:
    previous = context.previous
    if previous is None:
        return
    quoted = _quoted(cells)
    if quoted and all(previous.get(key) == price for key, price in quoted.items()):
        yield Finding("stale", "every quoted price repeats the publication before")
    share = changed_share(cells, previous)
    if share is not None and share > context.limits.max_changed_share:
        yield Finding("rewritten", f"{share:.0%} of the series change at once")


def _isolation(block: Block, context: Context) -> Iterator[Finding]:
    """Find a date far before all others: a year mistyped, for all we know."""
    if context.previous is not None or context.following is None:
        return
    gap = (context.following - block.date).days
    if gap > context.limits.isolated_days:
        detail = f"nothing came before {block.date}, and the next, {context.following}, is far off"
        yield Finding("isolated-date", f"{detail} ({gap} days)")


def _out_of_range(block: Block, context: Context) -> dict[Key, float]:
    quoted = _quoted(block.prices)
    return {key: p for key, p in quoted.items() if not _plausible(p, context.commodity)}


def _implausible(block: Block, context: Context) -> Iterator[Finding]:
    limits = context.commodity.plausible
    for key, price in _out_of_range(block, context).items():
        detail = f"{_name(key)}: {price:g} lies outside {limits.low:g} to {limits.high:g}"
        yield Finding("implausible-price", detail)


def _off_calendar(block: Block, context: Context) -> Iterator[Finding]:
    if not context.commodity.publication_calendar.is_expected(block.date):
        yield Finding("off-calendar", f"no publication was expected on {block.date}")


def _label_changes(cells: Cells, context: Context) -> Iterator[Finding]:
    if context.previous is None:
        return
    for key in sorted(cells.keys() - context.previous.keys()):
        yield Finding("new-label", _name(key))
    for key in sorted(context.previous.keys() - cells.keys()):
        yield Finding("vanished-label", _name(key))


def _odd_changes(cells: Cells, context: Context) -> Iterator[Finding]:
    share = None if context.previous is None else changed_share(cells, context.previous)
    if share is None:
        return
    if share < context.limits.few_changed_share:
        yield Finding("few-changes", f"only {share:.1%} of the series change")
    if share > context.limits.many_changed_share:
        yield Finding("many-changes", f"{share:.1%} of the series change")


def _jumps(cells: Cells, context: Context) -> Iterator[Finding]:
    for key, old, new in _pairs(cells, context.previous or {}):
        if abs(new / old - 1) > context.limits.jump_share:
            yield Finding("jump", f"{_name(key)}: {old:g} to {new:g} ({new / old - 1:+.0%})")


def _name(labels: Key) -> str:
    return ", ".join(labels)
