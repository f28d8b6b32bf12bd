import math
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from canasta.forecast.evaluation.metrics import Comparison
from canasta.parameters import GateParameters
from canasta.registry.gate import Action, Candidate, Champion, Decision, Evidence, decide

MARGINS = GateParameters(
    min_origins=30,
    crps_skill=0.5,
    dm_persistence=2.0,
    rmse_skill=0.0,
    crps_champion=0.3,
    dm_champion=1.64,
    slice_loss=3.0,
    slice_dm=1.64,
)
NAN = math.nan


def won(skill: float = 1.0, dm: float = 3.0, origins: int = 90) -> Comparison:
    return Comparison(skill, dm, origins)


def candidate(
    name: str = "xgboost",
    over_persistence: Comparison | None = None,
    over_champion: Comparison | None = None,
    rmse_skill: float = 1.0,
    **slices: Comparison,
) -> Candidate:
    return Candidate(
        name,
        "recipe-" + name,
        over_persistence or won(),
        rmse_skill,
        over_champion,
        slices or {"North": won(), "South": won()},
    )


MODEL = Champion("champion", "recipe-old", False, won(0.8))
LAST_PRICE = Champion("persistence", "recipe-last", True, Comparison(0.0, NAN, 90))


def judged(champion: Champion | None, *candidates: Candidate, origins: int = 90) -> Decision:
    return decide(Evidence(origins, champion, candidates), MARGINS)


def result(decision: Decision) -> tuple[str, str]:
    return decision.action.value, decision.winner


def test_a_better_candidate_takes_the_title_where_nobody_holds_it() -> None:
    decision = judged(None, candidate())
    assert result(decision) == ("promote", "xgboost")
    assert "1.00 %" in decision.reason
    assert decision.verdicts[0].passed
    assert "CRPS skill 1.00 %, DM 3.00, 90 origins" in decision.verdicts[0].reasons[0]


def test_persistence_is_champion_where_nobody_beats_it() -> None:
    decision = judged(None, candidate(over_persistence=won(-2.0, -1.0)))
    assert result(decision) == ("promote", "persistence")
    assert "-2.00 %" in decision.verdicts[0].reasons[0]


def test_persistence_keeps_the_title_where_nobody_beats_it() -> None:
    assert result(judged(LAST_PRICE, candidate(over_persistence=won(0.2)))) == (
        "refresh",
        "persistence",
    )


def test_against_a_reigning_persistence_its_margin_is_enough() -> None:
    assert result(judged(LAST_PRICE, candidate())) == ("promote", "xgboost")


@pytest.mark.parametrize(
    ("figures", "passes"),
    [
        (won(0.5, 2.01), True),
        (won(0.49, 9.0), False),
        (won(5.0, 2.0), False),
        (won(origins=29), False),
        (won(origins=30), True),
        (won(skill=NAN), False),
        (won(dm=NAN), False),
        (won(skill=math.inf), False),
    ],
)
def test_margin_over_persistence(figures: Comparison, *, passes: bool) -> None:
    assert judged(None, candidate(over_persistence=figures)).verdicts[0].passed is passes


@pytest.mark.parametrize(
    ("skill", "passes"), [(0.01, True), (0.0, False), (-0.5, False), (NAN, False)]
)
def test_the_mean_must_not_lose_what_the_distribution_gains(skill: float, *, passes: bool) -> None:
    decision = judged(None, candidate(rmse_skill=skill))
    assert decision.verdicts[0].passed is passes


@pytest.mark.parametrize(
    ("figures", "passes"),
    [
        (won(0.3, 1.65), True),
        (won(0.3, 1.64), False),
        (won(0.29, 5.0), False),
        (won(-0.1, 5.0), False),
        (won(0.0, NAN), False),
        (won(origins=10), False),
        (None, False),
    ],
)
def test_margin_over_a_champion(figures: Comparison | None, *, passes: bool) -> None:
    decision = judged(MODEL, candidate(over_champion=figures))
    assert decision.verdicts[0].passed is passes
    assert result(decision) == (("promote", "xgboost") if passes else ("refresh", "champion"))


@pytest.mark.parametrize(
    ("figures", "passes"),
    [
        (won(-3.0, -9.0), True),
        (won(-9.0, -1.64), True),
        (won(-3.01, -1.65), False),
        (won(NAN, 3.0), False),
        (won(3.0, NAN), False),
    ],
)
def test_no_slice_may_be_harmed(figures: Comparison, *, passes: bool) -> None:
    decision = judged(None, candidate(North=won(), South=figures))
    assert decision.verdicts[0].passed is passes
    if not passes:
        assert decision.verdicts[0].reasons[0].startswith("Slice South: CRPS skill")


def test_without_slices_nobody_passes() -> None:
    unsliced = replace(candidate(), slices={})
    assert result(judged(None, unsliced)) == ("promote", "persistence")


def test_the_best_of_several_wins_and_names_break_ties() -> None:
    best = candidate("b", won(2.0))
    assert judged(None, candidate("a", won(1.0)), best).winner == "b"
    assert judged(None, best, candidate("a", won(2.0))).winner == "a"
    assert judged(None, best, candidate("a", won(2.5), North=won(-9, -9))).winner == "b"


def test_too_few_origins_change_nothing() -> None:
    decision = judged(MODEL, candidate(over_champion=won()), origins=29)
    assert result(decision) == ("keep", "champion")
    assert "29 origins; 30 needed" in decision.reason
    assert not decision.verdicts[0].passed


def test_too_few_origins_without_a_champion_fall_back_on_persistence() -> None:
    assert result(judged(None, candidate(), origins=0)) == ("promote", "persistence")


@pytest.mark.parametrize("figures", [won(NAN), won(math.inf), won(origins=12)])
def test_a_champion_without_figures_stays_unchanged(figures: Comparison) -> None:
    champion = replace(MODEL, against_persistence=figures)
    assert result(judged(champion, candidate(over_champion=won()))) == ("keep", "champion")


def test_two_candidates_of_one_name_are_no_evidence() -> None:
    twins = (candidate(over_champion=won()), candidate(over_champion=won()))
    assert judged(MODEL, *twins).action is Action.KEEP


@pytest.mark.parametrize("skill", [0.0, -0.4])
def test_a_champion_that_no_longer_beats_the_last_price_gives_way_to_it(skill: float) -> None:
    tired = replace(MODEL, against_persistence=won(skill, -0.5))
    decision = judged(tired, candidate(over_champion=won(0.1, 0.2)))
    assert result(decision) == ("promote", "persistence")
    assert f"{skill:.2f} %" in decision.reason
    assert result(judged(tired, candidate(over_champion=won()))) == ("promote", "xgboost")


def test_a_champion_keeps_its_title_and_is_refreshed() -> None:
    decision = judged(MODEL)
    assert result(decision) == ("refresh", "champion")
    assert "0.80 %" in decision.reason


FIGURES = st.one_of(
    st.floats(-20, 20), st.sampled_from([NAN, math.inf, -math.inf, 0.0, 0.5, 1.64, 2.0])
)
COMPARISONS = st.builds(Comparison, FIGURES, FIGURES, st.sampled_from([0, 29, 30, 90]))
CANDIDATES = st.builds(
    Candidate,
    st.sampled_from(["xgboost", "random-forest"]),
    st.just("r"),
    COMPARISONS,
    FIGURES,
    st.none() | COMPARISONS,
    st.dictionaries(st.sampled_from(["North", "South"]), COMPARISONS),
)
CHAMPIONS = st.none() | st.builds(
    lambda figures, last: replace(LAST_PRICE if last else MODEL, against_persistence=figures),
    COMPARISONS,
    st.booleans(),
)
EVIDENCE = st.builds(
    Evidence,
    st.sampled_from([0, 29, 30, 90]),
    CHAMPIONS,
    st.lists(CANDIDATES, max_size=2, unique_by=lambda c: c.name).map(tuple),
)


@given(EVIDENCE)
def test_a_winning_candidate_has_no_figure_missing_and_every_margin(evidence: Evidence) -> None:
    decision = decide(evidence, MARGINS)
    winner = next((c for c in evidence.candidates if c.name == decision.winner), None)
    if winner is None:
        return
    assert evidence.origins >= 30
    shown = [winner.against_persistence, *winner.slices.values()]
    if evidence.champion is not None and not evidence.champion.is_persistence:
        assert winner.against_champion is not None
        assert winner.against_champion.skill >= 0.3
        assert winner.against_champion.dm > 1.64
        shown.append(winner.against_champion)
    assert all(math.isfinite(figure) for c in shown for figure in (c.skill, c.dm))
    assert winner.slices
    assert winner.against_persistence.skill >= 0.5
    assert winner.against_persistence.dm > 2
    assert 0 < winner.rmse_skill < math.inf
    assert not any(c.skill < -3 and c.dm < -1.64 for c in winner.slices.values())


@given(EVIDENCE)
def test_somebody_always_holds_the_title_and_only_with_an_entry(evidence: Evidence) -> None:
    decision = decide(evidence, MARGINS)
    entered = {c.name for c in evidence.candidates} | {"persistence"}
    if evidence.champion is None:
        assert decision.action is Action.PROMOTE
        assert decision.winner in entered
    elif decision.action is Action.PROMOTE:
        assert decision.winner in entered
    else:
        assert decision.winner == evidence.champion.name
    assert [verdict.name for verdict in decision.verdicts] == [c.name for c in evidence.candidates]


@given(EVIDENCE, st.floats(0, 5), st.floats(0, 5))
def test_a_better_champion_never_loses_what_a_worse_one_kept(
    evidence: Evidence, skill: float, dm: float
) -> None:
    if evidence.champion is None or decide(evidence, MARGINS).action is Action.PROMOTE:
        return
    own = evidence.champion.against_persistence
    better = replace(
        evidence,
        champion=replace(
            evidence.champion, against_persistence=replace(own, skill=own.skill + skill)
        ),
        candidates=tuple(
            replace(
                c,
                against_champion=c.against_champion and _less(c.against_champion, skill, dm),
                slices={name: _less(figures, skill, dm) for name, figures in c.slices.items()},
            )
            for c in evidence.candidates
        ),
    )
    assert decide(better, MARGINS).action is not Action.PROMOTE


@given(EVIDENCE, st.floats(0, 5), st.floats(0, 5))
def test_a_worse_candidate_never_wins_what_a_better_one_lost(
    evidence: Evidence, skill: float, dm: float
) -> None:
    before = decide(evidence, MARGINS)
    worse = replace(
        evidence,
        candidates=tuple(
            replace(c, against_persistence=_less(c.against_persistence, skill, dm))
            for c in evidence.candidates
        ),
    )
    after = decide(worse, MARGINS)
    passed = {verdict.name for verdict in before.verdicts if verdict.passed}
    assert {verdict.name for verdict in after.verdicts if verdict.passed} <= passed


def _less(figures: Comparison, skill: float, dm: float) -> Comparison:
    return replace(figures, skill=figures.skill - skill, dm=figures.dm - dm)


def test_a_banned_recipe_does_not_win_however_good_and_the_next_best_does() -> None:
    best, second = candidate("xgboost", won(9.0, 9.0)), candidate("random-forest", won(1.5))
    assert judged(None, best, second).winner == "xgboost"
    decision = judged(None, replace(best, banned_for=7), second)
    assert result(decision) == ("promote", "random-forest")
    assert [verdict.passed for verdict in decision.verdicts] == [False, True]
    assert decision.verdicts[0].reasons == (
        "Live outcomes took the title from this recipe: it may not win for another 7 publications.",
    )
    alone = judged(LAST_PRICE, replace(best, banned_for=1))
    assert result(alone) == ("refresh", "persistence")
