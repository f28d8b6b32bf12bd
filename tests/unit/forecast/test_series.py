import pytest
from hypothesis import given
from hypothesis import strategies as st

from canasta.errors import AmbiguousLabels, UnknownLabel, UnknownSeries
from canasta.forecast.series import Directory, told

COLUMNS = ("Estado", "Ciudad", "Tipo")
KEYS = (
    ("Chihuahua", "Cd.Juárez", "Pasteurizada"),
    ("Jalisco", "Guadalajara", "Pasteurizada"),
    ("Jalisco", "Guadalajara", "Ultrapasteurizada"),
    ("Jalisco", "ZM Guadalajara", "Pasteurizada"),
    ("Sonora", "Cd. Obregón", "Pasteurizada"),
    ("Sonora", "Nogales", "Ultrapasteurizada"),
    ("Aguascalientes", "Aguascalientes", "Pasteurizada"),
)
DIRECTORY = Directory(COLUMNS, KEYS)


def refused(*labels: str) -> str:
    with pytest.raises(UnknownSeries) as raised:
        DIRECTORY.find(labels)
    return str(raised.value)


@pytest.mark.parametrize("row", range(len(KEYS)))
def test_labels_as_they_are_known_find_their_series(row: int) -> None:
    assert DIRECTORY.find(KEYS[row]) == row


@given(
    row=st.integers(0, len(KEYS) - 1),
    spaced=st.sampled_from(["{}", " {} ", "\N{NO-BREAK SPACE}{}"]),
    cased=st.sampled_from([str.upper, str.lower, str.title]),
    plain=st.booleans(),
)
def test_labels_as_people_type_them_find_their_series(
    row: int, spaced: str, cased: object, plain: bool
) -> None:
    def typed(label: str) -> str:
        assert callable(cased)
        bare = label.translate(str.maketrans("áéíóú", "aeiou")) if plain else label
        return spaced.format(cased(bare))

    assert DIRECTORY.find(tuple(typed(label) for label in KEYS[row])) == row


def test_decomposed_accents_do_not_count() -> None:
    assert DIRECTORY.find(("Chihuahua", "Cd.Jua\N{COMBINING ACUTE ACCENT}rez", "Pasteurizada")) == 0


def test_final_s_is_overlooked_on_either_side() -> None:
    assert DIRECTORY.find(("Aguascaliente", "Aguascalientes", "Pasteurizadas")) == 6
    assert DIRECTORY.find(("Sonoras", "Nogale", "Ultrapasteurizada")) == 5


@pytest.mark.parametrize(
    ("labels", "message"),
    [
        (("Jalisco", "Guadalajra", "Pasteurizada"), "Ciudad 'Guadalajra' is not known. "
         "The nearest: Guadalajara, ZM Guadalajara."),
        (("Jalisco", "Guadalajara", "Ultrapasteurisada"), "Tipo 'Ultrapasteurisada' is not known. "
         "The nearest: Ultrapasteurizada, Pasteurizada."),
        (("Jalisco", "Guadalajara", "xyz"), "Tipo 'xyz' is not known. "
         "There are such as: Pasteurizada, Ultrapasteurizada."),
        (("Jalisco", "Guadalajara", ""), "Tipo '' is not known. There are such as: Pasteurizada,"),
    ],
)  # fmt: skip
def test_unknown_label_is_refused_with_the_nearest(labels: tuple[str, ...], message: str) -> None:
    assert refused(*labels).startswith(message)


def test_unknown_label_names_its_column_and_what_is_like_it() -> None:
    with pytest.raises(UnknownLabel) as raised:
        DIRECTORY.find(("Sonora", "Nogalse", "Pasteurizada"))
    assert (raised.value.column, raised.value.nearest) == ("Ciudad", ("Nogales",))


def test_labels_that_no_series_has_together_are_refused_with_the_nearest_series() -> None:
    message = refused("jalisco", "Nogales", "Ultrapasteurizada")
    assert message.startswith("Jalisco, Nogales, Ultrapasteurizada was never quoted: each label")
    both = "Jalisco, Guadalajara, Ultrapasteurizada; Sonora, Nogales, Ultrapasteurizada."
    assert message.endswith(f"The nearest: {both}")


TWINS = Directory(("Estado", "Ciudad"), (("Uno", "Peña"), ("Dos", "Pena"), ("Dos", "Peña")))


def test_label_that_is_known_as_it_stands_means_itself() -> None:
    assert TWINS.find(("uno", "Peña")) == 0
    assert TWINS.find(("dos", "Pena")) == 1
    assert TWINS.labels(1, "Pena") == ("Pena",)
    with pytest.raises(UnknownSeries, match="Uno, Pena was never quoted"):
        TWINS.find(("uno", "Pena"))


def test_label_that_may_mean_several_is_settled_by_the_others_or_refused() -> None:
    assert TWINS.labels(1, "PEÑA") == ("Pena", "Peña")
    assert TWINS.find(("Uno", "PEÑA")) == 0
    with pytest.raises(AmbiguousLabels, match="may be Dos, Pena; or Dos, Peña"):
        TWINS.find(("Dos", "PEÑA"))


def test_a_key_is_told_label_by_label() -> None:
    assert told(KEYS[0]) == "Chihuahua, Cd.Juárez, Pasteurizada"


def test_long_label_is_told_in_part() -> None:
    assert len(refused("Sonora", "x" * 100_000, "Pasteurizada")) < 300
