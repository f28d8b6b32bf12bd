"""The champion's reign: the outcomes that it answers for."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from functools import lru_cache

import pandas as pd

from canasta.commodity import Commodity
from canasta.monitor.failing import HORIZON, of_reign
from canasta.monitor.live import LiveSkill, by_slice, live_skill
from canasta.monitor.outcomes import FOLDER, read_outcomes
from canasta.registry.pointer import current
from canasta.registry.tenure import Tenure, tenure_of
from canasta.store import Store
from orchestration.workspace import Workspace


@dataclass(frozen=True)
class Reign:
    """The champion's reign, and the outcomes of the newest publications.

    Attributes:
        tenure: since when it holds the title, by which versions.
        outcomes: as `read_outcomes` returns them, of whatever version.
        most: publications that count, the newest.
    """

    tenure: Tenure
    outcomes: pd.DataFrame
    most: int

    def skill(self, horizon: int = HORIZON) -> LiveSkill | None:
        """Measure the champion's forecasts over one horizon; None without any."""
        return live_skill(self._ours(horizon), horizon)

    def by_horizon(self) -> Mapping[int, LiveSkill]:
        """Measure each horizon of which anything is scored."""
        horizons = [int(horizon) for horizon in sorted(self.outcomes["horizon"].unique())]
        found = {horizon: self.skill(horizon) for horizon in horizons}
        return {horizon: skill for horizon, skill in found.items() if skill is not None}

    def by_slice(self, commodity: Commodity) -> Mapping[str, LiveSkill]:
        """Measure each slice, one publication ahead."""
        ours = self._ours(HORIZON)
        return {} if ours.empty else by_slice(ours, commodity)

    def _ours(self, horizon: int) -> pd.DataFrame:
        return of_reign(self.outcomes, self.tenure, self.most, horizon)


def reign_of(work: Workspace) -> Reign | None:
    """Read the champion's reign and its newest outcomes; None without a champion.

    Raises:
        ObjectCorrupt: outcomes or a decision cannot be read.
    """
    pointer, most = current(work.store), work.parameters.live.most
    if pointer is None:
        return None
    outcomes = newest_outcomes(work)
    oldest: date = pointer.origin if outcomes.empty else outcomes["origin"].min()
    return Reign(tenure_of(work.store, pointer, oldest), outcomes, most)


def newest_outcomes(work: Workspace) -> pd.DataFrame:
    """Read the outcomes that count; once in a run, as long as no publication is scored.

    Raises:
        ObjectCorrupt: they cannot be read.
    """
    return _read(work.store, tuple(work.store.keys(FOLDER)), work.parameters.live.most)


@lru_cache(maxsize=1)
def _read(store: Store, _keys: tuple[str, ...], newest: int) -> pd.DataFrame:
    """Read outcomes: files are written once, so that the same keys hold the same."""
    return read_outcomes(store, newest)
