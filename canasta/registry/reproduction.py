"""Reproduction: a version fitted again from the lake as it was known then, compared to the bit."""

from __future__ import annotations

import json
from bisect import bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from itertools import takewhile

import numpy as np
from pydantic import ValidationError

from canasta.errors import NotReproducible
from canasta.forecast.history import read_panel
from canasta.forecast.outlook import Outlook, forecast
from canasta.forecast.panel import Floats, Panel
from canasta.forecast.predictor import Predictor
from canasta.forecast.training import Trainer
from canasta.ingest.lake import Lake
from canasta.labels import Key
from canasta.parameters import FitParameters
from canasta.registry.bundle import Bundle
from canasta.registry.decisions import Record, led_to, newest_first
from canasta.registry.objects import sha256
from canasta.registry.pointer import Pointer
from canasta.store import Store

NAMED = 3
"""Dates and prices that are named where more differ."""


@dataclass(frozen=True)
class Check:
    """One thing compared: its SHA-256 as recorded and as made again, empty where it is missing."""

    what: str
    recorded: str
    again: str

    @property
    def equal(self) -> bool:
        """Whether both are the same, to the bit."""
        return self.recorded == self.again


def history_of(lake: Lake, bundle: Bundle) -> Panel | None:
    """Return the history that a bundle was fitted on; None where the lake does not hold it.

    Publications after the newest that was fitted on are left out, and corrections first seen
    since the fit. On the day of the fit itself more may have become known after it: the earliest
    day whose history has the recorded fingerprint is taken.
    """
    recorded, last = bundle.lineage.fingerprint, bundle.trained_to
    for day in _days_known(lake, bundle):
        if lake.fingerprint(day, last) == recorded:
            return history_until(lake, day, last)
    return None


def history_until(lake: Lake, as_of: date, last: date) -> Panel:
    """Return the history as it was known on `as_of`, up to the publication of `last`.

    Raises:
        LakeEmpty: no publication lies on or before `as_of`.
    """
    panel = read_panel(lake, lake.commodity, as_of)
    return panel.cut(bisect_right(panel.dates, last))


def fit_again(bundle: Bundle, panel: Panel) -> Predictor:
    """Fit a bundle's recipe to `panel`, with the seed and the parameters of the first time.

    Raises:
        NotReproducible: this code knows other parameters, or computes other features, than those
            that the bundle was fitted with.
    """
    try:
        fitted = FitParameters.model_validate(bundle.training)
    except ValidationError as error:
        raise _made_by_other_code(bundle, "parameters") from error
    trainer = Trainer.of(panel, fitted, bundle.lineage.seed)
    hurdles = bundle.predictor.hurdles
    if any(
        own.names != hurdle.features for own, hurdle in zip(trainer.features, hurdles, strict=False)
    ):
        raise _made_by_other_code(bundle, "features")
    return trainer.fit(bundle.predictor.recipe, len(panel.dates) - 1).predictor


def compare(bundle: Bundle, again: Predictor, panel: Panel) -> list[Check]:
    """Compare the trees of two fits, and their forecasts of all live series of `panel`."""
    what = f"forecasts of {panel.live.sum()} live series"
    as_of = bundle.lineage.as_of
    recorded = forecast(bundle.predictor, panel, as_of)
    return [
        *_trees(bundle.predictor, again),
        compare_forecasts(what, (panel, recorded), (panel, forecast(again, panel, as_of))),
    ]


def compare_forecasts(
    what: str, recorded: tuple[Panel, Outlook], again: tuple[Panel, Outlook]
) -> Check:
    """Compare forecasts, each given with the history that they stand on."""
    return Check(what, _digest(*recorded), _digest(*again))


def decisions_on(lake: Store, bundle: Bundle) -> Iterator[tuple[Record, Pointer]]:
    """Yield, the newest first, what published forecasts from the very history of a bundle.

    Forecasts of any version: what makes the history one is its fingerprint.
    """
    since = takewhile(lambda found: found[1].origin >= bundle.trained_to, newest_first(lake))
    for key, record in since:
        same = record.lineage.fingerprint == bundle.lineage.fingerprint
        if same and record.origin == bundle.trained_to and record.after is not None:
            yield record, led_to(key, record)


def differences(then: Panel, now: Panel) -> list[str]:
    """Say in sentences what differs between two copies of a history."""
    told = [
        f"{_listed(days)} {verb}."
        for verb, days in (
            ("can no longer be found", sorted({*then.dates} - {*now.dates})),
            ("came in since, as when a quarantined publication is released",
             sorted({*now.dates} - {*then.dates})),
        )
        if days
    ]  # fmt: skip
    changed = _changed(then, now)
    if changed:
        count = "1 price differs" if len(changed) == 1 else f"{len(changed)} prices differ"
        told.append(f"{count}: {'; '.join(changed[:NAMED])}.")
    return told or ["No price differs: files were written anew with the same prices."]


def _made_by_other_code(bundle: Bundle, what: str) -> NotReproducible:
    return NotReproducible(
        f"The version was fitted with {what} that this code does not know. Check out its commit, "
        f"{bundle.lineage.git_commit}, and run this again."
    )


def _days_known(lake: Lake, bundle: Bundle) -> Iterator[date]:
    """Yield the days on which knowledge of the history may have changed before the fit."""
    yield bundle.trained_to
    yield from (day for day in lake.rewritten(bundle.lineage.as_of) if day > bundle.trained_to)


def _trees(recorded: Predictor, again: Predictor) -> list[Check]:
    """Compare the trees and the calibration of each horizon."""
    hashes = [
        {
            f"horizon {horizon}": sha256(
                b"".join(hurdle.heads[head] for head in sorted(hurdle.heads))
                + json.dumps(hurdle.calibration.as_dict()).encode()
            )
            for horizon, hurdle in enumerate(one.hurdles, start=1)
        }
        for one in (recorded, again)
    ]
    horizons = sorted({*hashes[0], *hashes[1]})
    return [Check(what, *(known.get(what, "") for known in hashes)) for what in horizons]


def _digest(panel: Panel, outlook: Outlook) -> str:
    live = panel.live
    keys = [key for key, is_live in zip(panel.keys, live.tolist(), strict=True) if is_live]
    targets = [day.isoformat() for day in (outlook.origin, *outlook.targets)]
    numbers = (outlook.mean, outlook.p_up, outlook.p_down, outlook.quantiles)
    told = b"".join(values[live].tobytes() for values in numbers)
    return sha256(json.dumps([keys, targets]).encode() + told)


def _changed(then: Panel, now: Panel) -> list[str]:
    """Describe each price that both could hold and that differs, the newest first."""
    days = sorted({*then.dates} & {*now.dates}, reverse=True)
    keys = sorted({*then.keys} & {*now.keys})
    before, after = (_prices(panel, keys, days) for panel in (then, now))
    differ = ~((before == after) | (np.isnan(before) & np.isnan(after)))
    return [
        f"{', '.join(keys[row])} on {days[column]} was {_price(before[row, column])}, "
        f"is {_price(after[row, column])}"
        for column, row in np.argwhere(differ.T).tolist()
    ]


def _prices(panel: Panel, keys: Sequence[Key], days: Sequence[date]) -> Floats:
    rows = {key: row for row, key in enumerate(panel.keys)}
    columns = {day: column for column, day in enumerate(panel.dates)}
    return panel.prices[np.ix_([rows[key] for key in keys], [columns[day] for day in days])]


def _price(price: float) -> str:
    return "not quoted" if np.isnan(price) else f"{price:g}"


def _listed(days: Sequence[date]) -> str:
    named = ", ".join(str(day) for day in days[:NAMED])
    more = len(days) - NAMED
    what = "The publication" if len(days) == 1 else f"{len(days)} publications"
    return f"{what} of {named}{f' and {more} more' if more > 0 else ''}"
