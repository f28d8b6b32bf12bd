import pytest

from canasta.errors import UnknownSeries
from canasta.forecast.series import find_series, told

COLUMNS = ("Estado", "Ciudad", "Tipo")
KEYS = (
    ("Chihuahua", "Cd.Juárez", "Pasteurizada"),
    ("Jalisco", "Guadalajara", "Pasteurizada"),
    ("Jalisco", "Guadalajara", "Ultrapasteurizada"),
    ("Jalisco", "ZM Guadalajara", "Pasteurizada"),
    ("Sonora", "Cd. Obregón", "Pasteurizada"),
    ("Sonora", "Nogales", "Ultrapasteurizada"),
)


def find(*labels: str) -> int:
    return find_series(KEYS, COLUMNS, dict(zip(COLUMNS, labels, strict=True)))


def refused(*labels: str) -> str:
    with pytest.raises(UnknownSeries) as raised:
        find(*labels)
    return str(raised.value)


@pytest.mark.parametrize("at", range(len(KEYS)))
def test_labels_as_they_are_known_find_their_series(at: int) -> None:
    assert find(*KEYS[at]) == at


def test_white_space_and_decomposed_accents_do_not_count() -> None:
    assert find("  Jalisco ", "ZM\N{NO-BREAK SPACE} Guadalajara", "Pasteurizada") == 3
    assert find("Chihuahua", "Cd.Jua\N{COMBINING ACUTE ACCENT}rez", "Pasteurizada") == 0


@pytest.mark.parametrize(
    ("labels", "suggested"),
    [
        (("jalisco", "Guadalajara", "Pasteurizada"), "no Estado 'jalisco'. The nearest known: "
         "'Jalisco'. Case and accents count."),
        (("Sonora", "Cd. Obregon", "Pasteurizada"), "no Ciudad 'Cd. Obregon'. The nearest known: "
         "'Cd. Obregón'. Case"),
        (("Jalisco", "Guadalajra", "Pasteurizada"), "no Ciudad 'Guadalajra'. The nearest known: "
         "'Guadalajara', 'ZM Guadalajara'. Case"),
        (("Jalisco", "Guadalajara", "Ultrapasteurisada"), "no Tipo 'Ultrapasteurisada'. "
         "The nearest known: 'Ultrapasteurizada'"),
        (("Jalisco", "Guadalajara", "xyz"), "no Tipo 'xyz'. Known: 'Pasteurizada', "
         "'Ultrapasteurizada'."),
        (("Jalisco", "Guadalajara", ""), "no Tipo ''. Known: 'Pasteurizada',"),
    ],
)  # fmt: skip
def test_unknown_label_is_refused_with_the_nearest(labels: tuple[str, ...], suggested: str) -> None:
    assert suggested in refused(*labels)


def test_labels_that_no_series_has_together_are_refused_with_the_nearest_series() -> None:
    message = refused("Jalisco", "Nogales", "Ultrapasteurizada")
    assert message.startswith("No series is Jalisco, Nogales, Ultrapasteurizada, though each")
    both = "Jalisco, Guadalajara, Ultrapasteurizada; Sonora, Nogales, Ultrapasteurizada."
    assert message.endswith(f"The nearest: {both}")


def test_a_key_is_told_label_by_label() -> None:
    assert told(KEYS[0]) == "Chihuahua, Cd.Juárez, Pasteurizada"
