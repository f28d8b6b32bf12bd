import io
import math

import numpy as np
from rich.console import Console

from canasta.forecast.evaluation.backtest import Backtest
from canasta.forecast.panel import Floats
from canasta.forecast.recipe import PERSISTENCE
from tests.peers.exchange import PeerForecasts
from tests.peers.scoring import with_peers
from tests.peers.standings import figures_of, not_behind, table_of, verdict


def contest(persistence: Backtest, drawn: Floats) -> Backtest:
    """A recipe that is nearly right, a peer that is nearer, and one that is far off."""
    came = np.nan_to_num(persistence.last + persistence.changes, nan=25.0)
    spread = np.full_like(came, 0.1)
    return with_peers(
        persistence,
        {
            "recipe": PeerForecasts(came + 0.02, sd=spread),
            "nearer": PeerForecasts(came + 0.01),
            "far": PeerForecasts(drawn + 3.0, sd=spread),
        },
    )


def test_every_rival_that_is_not_behind_is_named(persistence: Backtest, drawn: Floats) -> None:
    both = contest(persistence, drawn)
    ahead = list(not_behind(both, ["recipe"], ["nearer"]))
    assert {(one.rival, one.measure) for one in ahead} == {("nearer", "RMSE"), ("nearer", "MAE")}
    assert {one.horizon for one in ahead} == set(both.horizons)
    assert all(math.isclose(one.lead.skill, 50.0) for one in ahead)
    said = verdict(["recipe"], ["nearer", "far", PERSISTENCE], ahead)
    assert said.startswith("NOT every peer stands behind recipe")
    assert "nearer against recipe: RMSE at h=1 +50.00 %" in said
    assert said.endswith("Behind in all: far, persistence.")


def test_rival_that_is_equal_is_not_behind(persistence: Backtest) -> None:
    last = PeerForecasts(np.broadcast_to(persistence.last, persistence.changes.shape))
    both = with_peers(persistence, {"recipe": last, "equal": last})
    found = {(one.rival, one.measure) for one in not_behind(both, ["recipe"], ["equal"])}
    assert {("equal", "RMSE"), ("equal", "MAE")} <= found


def test_it_is_said_when_all_are_behind(persistence: Backtest, drawn: Floats) -> None:
    both = contest(persistence, drawn)
    rest = [name for name in both.recipes if name != "nearer"]
    ahead = [one for one in not_behind(both, ["recipe"], []) if one.rival in rest]
    said = verdict(["recipe"], ["far", PERSISTENCE], ahead)
    assert said.startswith("Every peer (far, persistence) stands behind recipe on RMSE, MAE")


def test_figures_of_a_distribution_are_left_out_where_there_is_none(
    persistence: Backtest, drawn: Floats
) -> None:
    both = contest(persistence, drawn)
    figures = figures_of(both, points=["nearer"])
    nearer, far = figures["nearer"]["1"], figures["far"]["1"]
    assert nearer["crps"] is nearer["crps_skill"] is nearer["coverage_95"] is None
    measured = both.metrics("far")
    assert far["crps_skill"] == measured["crps_skill"]
    assert nearer["rmse_skill"] == both.metrics("nearer")["rmse_skill"]
    assert list(figures["far"]) == ["1", "2", "3", "4", "5", "6"]


def test_table_shows_each_contestant_with_its_seconds(persistence: Backtest, drawn: Floats) -> None:
    figures = figures_of(contest(persistence, drawn), points=["nearer"])
    printed = io.StringIO()
    Console(file=printed, width=150).print(table_of(figures, 6, {"far": 12.34}))
    lines = printed.getvalue().splitlines()
    assert lines[0].strip() == "6 publications ahead"
    row = {line.split()[0]: line.split() for line in lines[1:] if line.strip()}
    assert row["far"][-1] == "12.3"
    assert row["nearer"][-4:] == ["–", "–", "–", "–"]
