"""Feeds mutated workbooks to the parser, in a process of its own that may not grow or hang.

Run as `python -m tests.unit.ingest.workbook_trials CASES_PER_DEPTH PROGRESS_FILE`. It prints how
often each outcome came, as JSON. PROGRESS_FILE names the case under way, should one kill the
process: by a failed allocation (SIGABRT) or by the alarm (SIGALRM).
"""

from __future__ import annotations

import json
import math
import os
import resource
import signal
import sys
from collections import Counter
from datetime import date
from itertools import zip_longest
from pathlib import Path

from hypothesis import HealthCheck, given, settings

from canasta.commodity import Commodity, load_commodity
from canasta.errors import NotAWorkbook
from canasta.ingest.block import Block
from canasta.ingest.quality import Context, judge
from canasta.ingest.workbook import Parsed, parse
from canasta.labels import clean, folded
from tests.unit.ingest.builders import LIMITS
from tests.unit.ingest.odd_cells import Grid, grids, workbook_of
from tests.unit.ingest.workbook_mutations import DEPTHS, mutated
from tests.unit.ingest.workbook_parts import sound_workbooks

MEMORY = 1_500_000_000
"""Bytes that parsing may take beside what the process holds before it."""
SECONDS = 20
"""Time for one case, after which it counts as hanging."""
LONGEST_MESSAGE = 2_000


def outcome(content: bytes, milk: Commodity) -> str:
    """Parse, check everything that must hold of the result, and name it."""
    try:
        parsed = parse(content, milk)
    except NotAWorkbook as refusal:
        check_message(str(refusal))
        return "refused"
    check(parsed, milk)
    previous = None
    for block, following in zip_longest(parsed.blocks, parsed.blocks[1:]):
        coming = following.date if following else None
        previous = judge(block, Context(milk, LIMITS, previous, coming)).cells
    if not parsed.broken:
        return "read"
    return "read in part" if parsed.blocks else "broken"


def check(parsed: Parsed, milk: Commodity) -> None:
    """Assert what every parsed workbook keeps to."""
    assert parsed.blocks or parsed.broken
    dates = [block.date for block in parsed.blocks]
    assert dates == sorted(set(dates))
    assert all(type(day) is date for day in dates)
    for block in parsed.blocks:
        check_block(block, milk)
    for broken in parsed.broken:
        check_message(broken.reason)
        assert len(broken.sha256) == 64
    hashes = [broken.sha256 for broken in parsed.broken]
    assert len(hashes) == len(set(hashes))


def check_message(text: str) -> None:
    assert 0 < len(text) < LONGEST_MESSAGE


def check_block(block: Block, milk: Commodity) -> None:
    assert block.prices
    aggregates = [folded(name) for name in milk.keys.aggregates]
    columns = {tuple(column.labels.values()) for column in milk.workbook.price_columns}
    for key in block.prices:
        assert len(key) == 4
        assert all(label and label == clean(label) for label in key)
        assert key[2:] in columns
        assert not any(name in folded(label) for label in key[:2] for name in aggregates)
    averages = block.averages or {}
    for price in (*block.prices.values(), *averages.values()):
        assert price is None or (type(price) is float and math.isfinite(price))
    assert block.averages is None or set(averages) == columns


def run(cases: int, progress: int) -> Counter[str]:
    """Try `cases` workbooks of each depth; count depth and outcome."""
    milk = load_commodity("milk")
    sound = sound_workbooks(milk)
    counts: Counter[str] = Counter()

    def attempt(depth: str, number: int, content: bytes) -> None:
        os.pwrite(progress, f"{depth} {number}".ljust(40).encode(), 0)
        signal.alarm(SECONDS)
        counts[f"{depth}: {outcome(content, milk)}"] += 1
        signal.alarm(0)

    @settings(
        max_examples=cases,
        derandomize=True,
        database=None,
        deadline=None,
        suppress_health_check=list(HealthCheck),
    )
    @given(grids())
    def attempt_cells(grid: Grid) -> None:
        attempt("cells", counts.total(), workbook_of(grid, sound[0]))

    _bound_memory()
    for depth in DEPTHS:
        for number in range(cases):
            attempt(depth, number, mutated(depth, number, sound))
    attempt_cells()
    return counts


def _bound_memory() -> None:
    pages = int(Path("/proc/self/statm").read_text().split()[0])
    limit = pages * resource.getpagesize() + MEMORY
    resource.setrlimit(resource.RLIMIT_AS, (limit, limit))


if __name__ == "__main__":
    file = os.open(sys.argv[2], os.O_WRONLY | os.O_CREAT, 0o600)
    print(json.dumps(run(int(sys.argv[1]), file), sort_keys=True))
