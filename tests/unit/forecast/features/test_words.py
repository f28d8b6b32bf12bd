import pytest

from canasta.commodity import Commodity
from canasta.forecast.features.build import build_all
from canasta.forecast.features.words import words_of
from canasta.forecast.panel import Panel


def test_every_feature_has_words_of_its_own(panel: Panel, milk: Commodity) -> None:
    """A feature that is added, or renamed, without words is found here."""
    features = build_all(panel.cut(40), 2)
    for horizon in features:
        words = [words_of(name, milk.keys.slices) for name in horizon.names]
        assert "" not in words, horizon.names[words.index("")]
        assert len(set(words)) == len(words), "no two features are told alike"


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("deviation_5", "its mean of the last 5"),
        ("tipo_gap", "its twin, alike but for Tipo"),
        ("canal_age", "its twin, alike but for Canal"),
        ("spread", "its market's mean"),
        ("spread_20", "its usual one over the last 20"),
        ("ahead_reversion_20", "its mean of the last 20 would bring by then"),
    ],
)
def test_words_name_the_window_and_the_column(name: str, words: str, milk: Commodity) -> None:
    assert words in words_of(name, milk.keys.slices)


@pytest.mark.parametrize("name", ["", "unheard_of", "unheard_of_5", "grano_age", "deviation_x"])
def test_a_name_without_words_gives_none(name: str, milk: Commodity) -> None:
    assert words_of(name, milk.keys.slices) == ""
