"""`reports/backtest.html`: a back-test as a page to read, in Spanish, complete in one file."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import numpy as np
from markupsafe import Markup

from canasta.deliver.backtest.pictures import (
    NARROW,
    SPARSE,
    WIDE,
    coverage_picture,
    gain_picture,
    marks_of,
    miss_picture,
    reliability_picture,
    skill_picture,
    width_picture,
)
from canasta.deliver.backtest.spanish import contestant, figure, long_date, percent
from canasta.deliver.backtest.tables import Measured, contestants_table, measure, slice_rows
from canasta.deliver.backtest.verdict import FAR_BEHIND, far_behind, verdict
from canasta.deliver.highlights import SPANISH
from canasta.deliver.templating import rendered
from canasta.forecast.evaluation.backtest import Backtest
from canasta.forecast.evaluation.diagnosis import (
    Measure,
    Miss,
    change_reliability,
    coverage_by_probability,
    cumulative_gain,
    history_around,
    leader,
    skill_by_horizon,
    worst_misses,
)
from canasta.forecast.panel import Floats, Panel
from canasta.forecast.recipe import PERSISTENCE
from canasta.labels import SIMULATED

TEMPLATES = Path(__file__).resolve().parent / "templates"
TEMPLATE = "backtest.html"
MISSES = 10
TITLES = {
    Measure.CRPS: "Pronóstico completo (CRPS)",
    Measure.RMSE: "Precio medio (RMSE)",
    Measure.MAE: "Precio sugerido (MAE)",
}
RANGES = (("Rango del 95 %", WIDE), ("Rango del 80 %", NARROW))
NEXT = "Publicación siguiente"
CENT_SLACK = 1e-9
"""In the unit: errors that differ by less are equal."""


@dataclass(frozen=True)
class PageFacts:
    """What a back-test does not know about itself.

    Attributes:
        commodity: its title.
        unit: of prices.
        seed: of searches and fits.
        evaluations: of each algorithm's search.
        refit_every: publications between two fits.
        made_on: the day the back-test was made on.
        simulated: whether the prices are.
        decision: what the gate decides on this evidence, in Spanish.
        panel: the history; its series are those of the back-test.
    """

    commodity: str
    unit: str
    seed: int
    evaluations: int
    refit_every: int
    made_on: date
    simulated: bool
    decision: str
    panel: Panel


@dataclass(frozen=True, slots=True)
class _Shown:
    """A picture with its title."""

    title: str
    picture: Markup


@dataclass(frozen=True, slots=True)
class _MissCard:
    """One of the worst misses, as written."""

    title: str
    target: str
    last: str
    said: str
    expected: str
    p_change: str
    came: str
    error: str
    persistence_error: str
    picture: Markup


def page(backtest: Backtest, story: PageFacts) -> str:
    """Return the page as one HTML document that loads nothing from elsewhere.

    Equal arguments give equal text.

    Raises:
        ValueError: the panel of `story` has other series, or lacks an origin of `backtest`.
    """
    if len(story.panel.keys) != len(backtest.slices):
        raise ValueError(
            f"the panel holds {len(story.panel.keys)} series, the back-test "
            f"{len(backtest.slices)}: expected the panel that was back-tested"
        )
    measured = measure(backtest)
    best = leader(backtest)
    return rendered(
        TEMPLATE,
        [TEMPLATES],
        story=story,
        simulated=SIMULATED,
        backtest=backtest,
        verdict=verdict(backtest, measured, story.unit),
        scored=_scored(backtest),
        champion_competes="champion" in measured,
        tables=[contestants_table(measured, horizon) for horizon in _ends(backtest, measured)],
        ahead=_ahead,
        pictures=None if best is None else _pictures(backtest, best, measured, story),
    )


def _ends(backtest: Backtest, measured: Measured) -> list[int]:
    """Return the first and the last horizon at which anything was scored."""
    horizons = [h for h in backtest.horizons if any(h in by for by in measured.values())]
    return sorted({*horizons[:1], *horizons[-1:]})


def _scored(backtest: Backtest) -> dict[str, str]:
    known = np.isfinite(backtest.changes[0])
    moved = float((backtest.changes[0][known] != 0).mean()) if known.any() else float("nan")
    return {
        "series": f"{int(known.any(axis=1).sum()):,}",
        "forecasts": f"{int(known.sum()):,}",
        "moved": percent(moved),
    }


def _pictures(
    backtest: Backtest, best: str, measured: Measured, story: PageFacts
) -> dict[str, object]:
    """Return what the template shows of the leading contestant, and of its rivals beside it."""
    far = far_behind(measured)
    drawn = [who for who in measured if who != PERSISTENCE and measured[who] and who not in far]
    ends = [horizon for horizon in _ends(backtest, measured) if horizon in measured[best]]
    misses = worst_misses(backtest, best, MISSES)
    return {
        "best": contestant(best),
        "legend": [(contestant(who), mark) for who, mark in marks_of(drawn).items()],
        "ranges": RANGES,
        "left_out": [contestant(who) for who in far],
        "far_behind": f"{-FAR_BEHIND:.0f} %",
        "skills": _skills(backtest, drawn),
        "reliability": _reliability(backtest, best, ends),
        "coverage": _coverage(backtest, best, ends, story.unit),
        "sparse": SPARSE,
        "slices": slice_rows(backtest, best, ends[-1]),
        "far": ends[-1],
        "gain": _gain(backtest, drawn),
        "misses": [
            _miss_card(backtest, best, miss, story, place) for place, miss in enumerate(misses)
        ],
        "shared_misses": sum(_persistence_errs_as_much(miss) for miss in misses),
    }


def _skills(backtest: Backtest, drawn: Sequence[str]) -> list[_Shown]:
    return [
        _Shown(
            title,
            skill_picture(
                f"skill-{measure}",
                title,
                {who: skill_by_horizon(backtest, who, measure) for who in drawn},
            ),
        )
        for measure, title in TITLES.items()
    ]


def _reliability(backtest: Backtest, best: str, ends: Sequence[int]) -> list[_Shown]:
    return [
        _Shown(
            _ahead(horizon),
            reliability_picture(
                f"reliability-{horizon}",
                _ahead(horizon),
                change_reliability(backtest, best, horizon),
            ),
        )
        for horizon in ends
    ]


def _coverage(backtest: Backtest, best: str, ends: Sequence[int], unit: str) -> list[_Shown]:
    shown = []
    for horizon in ends:
        title, found = _ahead(horizon), coverage_by_probability(backtest, best, horizon)
        shown += [
            _Shown(f"{title}: cobertura", coverage_picture(f"coverage-{horizon}", title, found)),
            _Shown(f"{title}: ancho", width_picture(f"width-{horizon}", title, found, unit)),
        ]
    return shown


def _gain(backtest: Backtest, drawn: Sequence[str]) -> Markup:
    gains = {who: cumulative_gain(backtest, who) for who in drawn}
    return gain_picture("gain", backtest.targets, gains)


def _miss_card(
    backtest: Backtest, best: str, miss: Miss, story: PageFacts, place: int
) -> _MissCard:
    title = ", ".join(story.panel.keys[miss.series])
    history = history_around(story.panel, miss.series, backtest.origins[miss.origin])
    ahead = _said(backtest, best, miss, len(history.dates) - history.at)
    return _MissCard(
        title=title,
        target=long_date(backtest.targets[miss.origin]),
        last=f"{miss.last:.2f}",
        said=f"{miss.median:.2f}",
        expected=_expected(miss),
        p_change=percent(miss.p_change),
        came=f"{miss.came:.2f} ({figure(miss.came - miss.last, '+.2f')})",
        error=f"{abs(miss.median - miss.came):.2f}",
        persistence_error=f"{abs(miss.last - miss.came):.2f}",
        picture=miss_picture(f"miss-{place}", title, miss, history, ahead),
    )


def _said(
    backtest: Backtest, best: str, miss: Miss, publications: int
) -> tuple[Floats, Floats, Floats]:
    """Return low end, median and high end of horizons 0, 1, …, as far as `publications` go."""
    made = backtest.scored[best]
    low, median, high = (
        miss.last + np.concatenate([[0.0], change[: publications - 1, miss.series, miss.origin]])
        for change in (made.low_95, made.median, made.high_95)
    )
    return low, median, high


def _expected(miss: Miss) -> str:
    if miss.low == miss.last == miss.high:
        share = percent(1 - miss.p_change).removesuffix(" %")
        return SPANISH.unchanged.format(share=share)
    return SPANISH.between.format(low=miss.low, high=miss.high)


def _persistence_errs_as_much(miss: Miss) -> bool:
    return abs(miss.last - miss.came) >= abs(miss.median - miss.came) - CENT_SLACK


def _ahead(horizon: int) -> str:
    return NEXT if horizon == 1 else f"{horizon} publicaciones adelante"
