import pytest
from hypothesis import given
from hypothesis import strategies as st

from canasta.labels import Key
from deployment.app.matching import Directory
from deployment.app.problems import ProblemError

COLUMNS = ("Estado", "Ciudad")
KEYS: tuple[Key, ...] = (
    ("Nuevo León", "Monterrey"),
    ("Nuevo León", "ZM Monterrey"),
    ("Chihuahua", "Cd.Juárez"),
    ("Sonora", "Cd. Obregón"),
    ("Aguascalientes", "Aguascalientes"),
)
DIRECTORY = Directory(COLUMNS, KEYS)


def problem(*asked: str) -> ProblemError:
    with pytest.raises(ProblemError) as refused:
        DIRECTORY.find(asked)
    return refused.value


@pytest.mark.parametrize("row", range(len(KEYS)))
def test_labels_as_they_are_known_need_no_warning(row: int) -> None:
    assert DIRECTORY.find(KEYS[row]).row == row
    assert DIRECTORY.find(KEYS[row]).warnings == ()


@given(
    row=st.integers(0, len(KEYS) - 1),
    spaced=st.sampled_from(["{}", " {} ", "\N{NO-BREAK SPACE}{}"]),
    cased=st.sampled_from([str.upper, str.lower, str.title]),
    plain=st.booleans(),
)
def test_labels_as_people_type_them_are_found_with_a_warning_for_each(
    row: int, spaced: str, cased: object, plain: bool
) -> None:
    def typed(label: str) -> str:
        assert callable(cased)
        bare = label.translate(str.maketrans("áéíóú", "aeiou")) if plain else label
        return spaced.format(cased(bare))

    asked = tuple(typed(label) for label in KEYS[row])
    found = DIRECTORY.find(asked)
    changed = [label for label, known in zip(asked, KEYS[row], strict=True) if label != known]
    assert found.row == row
    assert len(found.warnings) == len(changed)
    assert all(warning.startswith("label-matched: ") for warning in found.warnings)


def test_warning_names_column_and_both_labels() -> None:
    found = DIRECTORY.find(("Nuevo León", "monterrey"))
    assert found.warnings == ("label-matched: Ciudad 'monterrey' was read as 'Monterrey'.",)


def test_final_s_is_overlooked_on_either_side() -> None:
    assert DIRECTORY.find(("Aguascaliente", "Aguascalientes")).row == 4
    assert DIRECTORY.find(("Sonoras", "Cd. Obregón")).row == 3


def test_unknown_label_suggests_the_nearest() -> None:
    told = problem("Nuevo León", "Monterey").problem
    assert told.kind.slug == "unknown-label"
    assert told.extra["field"] == "Ciudad"
    assert told.extra["suggestions"][0] == "Monterrey"
    assert "Monterrey" in told.detail


def test_label_that_is_like_none_points_to_the_list() -> None:
    told = problem("Nuevo León", "Qqqq").problem
    assert told.extra["suggestions"] == []
    assert "GET /series" in told.detail


def test_known_labels_that_do_not_go_together_are_not_quoted() -> None:
    assert problem("Sonora", "Monterrey").problem.kind.slug == "not-quoted"


def test_long_label_is_told_in_part() -> None:
    assert len(problem("Sonora", "x" * 100_000).problem.detail) < 300
