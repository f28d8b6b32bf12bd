"""Answers that are not the champion's, or not of what is promoted now, say so."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from canasta.settings import Settings
from deployment.app.application import create_app
from deployment.app.live import Live
from tests.unit.deployment import serve

FORECASTS, WHAT_IFS = "Older forecasts.", "Answered by persistence."
BOTH = {f"degraded: {FORECASTS}", f"degraded: {WHAT_IFS}"}


def warned(live: Live, outdated: str | None = None) -> tuple[set[str], set[str], set[str]]:
    """Return the warnings of a plain answer, of a what-if, and of all forecasts."""
    serving = serve.FixedServing(live)
    serving.outdated = outdated
    client = create_app(Settings(auth="open"), serving, serve.noon(live.origin)).test_client()
    series: dict[str, Any] = dict(zip(live.panel.columns, live.panel.keys[0], strict=True))
    what_if = {**series, "Precio_lag1": float(live.panel.filled[0, -1])}
    answers = client.post("/predict", json=[series, what_if]).json
    single = client.post("/predict", json=what_if).json
    forecasts = client.get("/forecasts").json
    assert answers is not None
    assert single is not None
    assert forecasts is not None
    plain, supposed = answers["predictions"]
    assert supposed == single
    return set(plain["warnings"]), set(supposed["warnings"]), set(forecasts["warnings"])


def test_what_if_that_another_answers_says_so(live: Live) -> None:
    told = warned(replace(live, degraded_what_ifs=(WHAT_IFS,)))
    assert told == (set(), {f"degraded: {WHAT_IFS}"}, set())


def test_every_answer_from_older_forecasts_says_so(live: Live) -> None:
    only = {f"degraded: {FORECASTS}"}
    assert warned(replace(live, degraded=(FORECASTS,))) == (only, only, only)


def test_answers_say_both(live: Live) -> None:
    both = replace(live, degraded=(FORECASTS,), degraded_what_ifs=(WHAT_IFS,))
    only = {f"degraded: {FORECASTS}"}
    assert warned(both) == (only, BOTH, only)


def test_answers_of_a_server_that_could_not_take_up_a_promotion_say_so(live: Live) -> None:
    only = {f"degraded: {FORECASTS}"}
    assert warned(live, FORECASTS) == (only, only, only)


@pytest.mark.parametrize("which", ["live", "persistent"])
def test_sound_answers_say_nothing(which: str, request: pytest.FixtureRequest) -> None:
    assert warned(request.getfixturevalue(which)) == (set(), set(), set())
