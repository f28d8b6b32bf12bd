import math
from dataclasses import replace

import numpy as np
import pytest

from canasta.deliver.backtest.tables import measure
from canasta.deliver.backtest.verdict import decision_sentence, far_behind, verdict
from canasta.forecast.evaluation.backtest import Backtest
from canasta.forecast.recipe import PERSISTENCE, RANDOM_FOREST, XGBOOST
from canasta.registry.gate import Action, Decision
from tests.backtests import drawn_backtest, drawn_forecasts, drawn_panel

UNIT = "MXN por litro"


def drawn(origins: int = 30, foresight: float = 0.4, horizons: int = 2) -> Backtest:
    return drawn_backtest(drawn_panel(6, origins), origins, horizons, foresight=foresight)


def told(backtest: Backtest) -> tuple[str, str]:
    found = verdict(backtest, measure(backtest), UNIT)
    return found.headline, " ".join(found.points)


def test_a_winner_is_told_with_its_margin_and_how_sure_that_is() -> None:
    backtest = drawn()
    headline, points = told(backtest)
    name = {RANDOM_FOREST: "Bosque aleatorio", XGBOOST: "XGBoost"}
    skills = {who: backtest.compare(who, PERSISTENCE).skill for who in name}
    best = max(skills, key=lambda who: skills[who])
    assert headline == (
        f"{name[best]} le gana al último precio: su error es {skills[best]:.1f} % menor."
    )
    assert "La ventaja es firme" in points
    assert f"baja {skills[best]:.1f} %" in points
    [second] = set(name) - {best}
    assert f"Le sigue {name[second]}" in points
    far = backtest.compare(best, PERSISTENCE, None, 2).skill
    assert f"A 2 publicaciones, el error baja {far:.1f} %" in points


def test_figures_for_a_distributor() -> None:
    backtest = drawn(foresight=0.9)
    _, points = told(backtest)
    came = backtest.changes[0][np.isfinite(backtest.changes[0])]
    assert f"El {100 * np.mean(came == 0):.0f} % de los precios no se movió" in points
    assert f"el último precio, por {np.mean(np.abs(came)):.4f}." in points
    assert "en 100 dio más probabilidad" in points


def test_nobody_wins_where_nobody_is_better() -> None:
    headline, points = told(drawn(foresight=-0.5))
    assert headline == "Nadie le gana al último precio."
    assert "sube" in points
    assert "firme" not in points
    assert "Pierde en 2 de los 2 grupos" in points


def test_a_lead_on_two_publications_may_be_chance() -> None:
    headline, points = told(drawn(origins=1))
    assert headline.endswith("la ventaja puede ser casualidad.")
    assert "Son muy pocas publicaciones" in points
    assert "95 % de confianza" not in points


def test_an_unsure_lead_says_how_often_chance_would_give_it() -> None:
    backtest = drawn(horizons=1)
    noise = np.random.default_rng(1).normal(0.0, 0.2, backtest.changes.shape)
    base = backtest.scored[PERSISTENCE]
    scored = {PERSISTENCE: base, XGBOOST: replace(base, crps=base.crps + noise)}
    compared = replace(backtest, scored=scored).compare(XGBOOST, PERSISTENCE)
    assert 0 < compared.dm < 1.9
    headline, points = told(replace(backtest, scored=scored))
    assert headline.endswith("la ventaja puede ser casualidad.")
    assert "La ventaja no es segura" in points


def test_there_is_nothing_to_win_where_nothing_moves() -> None:
    backtest = drawn()
    still = np.where(np.isfinite(backtest.changes), 0.0, np.nan)
    sure = replace(drawn_forecasts(still, 0.0, 1), crps=np.where(np.isfinite(still), 0.0, np.nan))
    headline, _ = told(replace(backtest, changes=still, scored={PERSISTENCE: sure, XGBOOST: sure}))
    assert headline == "Ningún precio se movió: no había nada que ganar."


def test_who_is_far_behind_is_told_in_the_unit() -> None:
    backtest = drawn()
    scored = {**backtest.scored, "otro": drawn_forecasts(backtest.changes, -0.9, 5)}
    backtest = replace(backtest, scored=scored)
    measured = measure(backtest)
    assert far_behind(measured) == ("otro",)
    _, points = told(backtest)
    times = measured["otro"][1]["mae"] / float(np.nanmean(np.abs(backtest.changes[0])))
    assert not math.isclose(times, 1.0, abs_tol=0.2)
    assert f"{UNIT}: {times:.1f} veces lo que el último precio." in points


@pytest.mark.parametrize(
    ("action", "winner", "expected"),
    [
        (Action.PROMOTE, XGBOOST, "XGBoost gana el título"),
        (Action.PROMOTE, PERSISTENCE, "Ningún modelo supera al último precio"),
        (Action.REFRESH, PERSISTENCE, "Ningún modelo supera al último precio"),
        (Action.REFRESH, "champion", "Campeón actual conserva el título"),
        (Action.KEEP, "champion", "La evidencia no permite concluir: Campeón actual sigue"),
    ],
)
def test_the_decision_in_spanish(action: Action, winner: str, expected: str) -> None:
    assert decision_sentence(Decision(action, winner, "", ())).startswith(expected)
