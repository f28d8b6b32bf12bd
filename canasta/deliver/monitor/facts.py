"""What the page of watching shows, as it was found; nothing here reads or writes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime

import pandas as pd

from canasta.commodity import Commodity
from canasta.deliver.messages.wording import Marks
from canasta.deliver.outbox_files import Told, Waiting
from canasta.ingest.lake import Gaps
from canasta.ingest.quarantine import Quarantined
from canasta.monitor.freshness import Freshness
from canasta.monitor.last_run import LastRun
from canasta.monitor.live import LiveSkill
from canasta.monitor.verdict import Verdict
from canasta.parameters import LiveParameters
from canasta.registry.decisions import Record
from canasta.registry.pointer import Pointer


@dataclass(frozen=True)
class Facts:
    """Everything that the page is made of.

    Attributes:
        commodity: what is priced.
        marks: what the page must say of its data.
        made_at: when it was made, in the commodity's zone.
        lake: URL of the lake.
        publications: accepted ones, ascending.
        freshness: what should have come by now; None on a replay lake, which has no now.
        gaps: expected publications that are not there.
        held: blocks that wait in quarantine.
        confirmations: later publications that let a block in by repeating it.
        champion: what is live; None before the first run.
        skill: of the champion's published forecasts; None where none is scored.
        outcomes: of the newest publications, as `read_outcomes` returns them.
        rule: by which outcomes take the title from a champion.
        drift: the newest verdict on each publication, ascending.
        reports: pages of the archive by kind and day, relative to the page.
        decisions: records of any kind, the newest first.
        waiting: messages that could not be sent yet.
        told: messages that left, the newest first.
        last_run: how the last run ended; None before the first.
    """

    commodity: Commodity
    marks: Marks
    made_at: datetime
    lake: str
    publications: tuple[date, ...]
    freshness: Freshness | None
    gaps: Gaps
    held: tuple[Quarantined, ...]
    confirmations: int
    champion: Pointer | None
    skill: LiveSkill | None
    outcomes: pd.DataFrame
    rule: LiveParameters
    drift: tuple[Verdict, ...]
    reports: Mapping[str, Mapping[date, str]]
    decisions: tuple[Record, ...]
    waiting: tuple[Waiting, ...]
    told: tuple[Told, ...]
    last_run: LastRun | None
