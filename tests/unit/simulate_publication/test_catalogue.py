from simulate_publication.catalogue import ALWAYS_ZERO, CITIES, MOVING_DAYS, NEVER_QUOTED

NAMES = {city.key[1] for city in CITIES}


def test_54_cities_in_32_states_each_once() -> None:
    assert len(CITIES) == len(NAMES) == 54
    assert len({city.key[0] for city in CITIES}) == 32


def test_the_cities_of_a_state_stand_together() -> None:
    states = [city.key[0] for city in CITIES]
    firsts = [
        state for state, above in zip(states, [None, *states], strict=False) if state != above
    ]
    assert len(firsts) == 32


def test_only_two_labels_carry_dirt() -> None:
    written = [label for city in CITIES for label in city[:2]]
    assert [label for label in written if label != label.strip()] == [
        "Aguascalientes ",
        "Veracruz ",
    ]


def test_185_of_216_series_are_quoted() -> None:
    assert len(NEVER_QUOTED) == 27
    assert len(CITIES) * 4 - len(NEVER_QUOTED) - 4 * len(ALWAYS_ZERO) == 185


def test_special_cities_are_in_the_catalogue() -> None:
    assert {city for city, _, _ in NEVER_QUOTED} | ALWAYS_ZERO | set(MOVING_DAYS) <= NAMES
