import pytest

from canasta.forecast.series import Directory
from canasta.labels import Key
from deployment.app.matching import find, labels
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
        find(DIRECTORY, asked)
    return refused.value


@pytest.mark.parametrize("row", range(len(KEYS)))
def test_labels_as_they_are_known_need_no_warning(row: int) -> None:
    assert find(DIRECTORY, KEYS[row]).row == row
    assert find(DIRECTORY, KEYS[row]).warnings == ()


def test_each_label_that_had_to_be_matched_is_told() -> None:
    found = find(DIRECTORY, ("nuevo leon", "Monterrey"))
    assert found.row == 0
    assert found.warnings == ("label-matched: Estado 'nuevo leon' was read as 'Nuevo León'.",)


def test_labels_of_one_column_are_matched_alone() -> None:
    assert labels(DIRECTORY, 1, "ZM Monterrey").warnings == ()
    matched = labels(DIRECTORY, 1, "zm monterrey")
    assert matched.labels == ("ZM Monterrey",)
    assert matched.warnings == ("label-matched: Ciudad 'zm monterrey' was read as 'ZM Monterrey'.",)


def test_warning_names_column_and_both_labels() -> None:
    found = find(DIRECTORY, ("Nuevo León", "monterrey"))
    assert found.warnings == ("label-matched: Ciudad 'monterrey' was read as 'Monterrey'.",)


def test_unknown_label_suggests_the_nearest() -> None:
    told = problem("Nuevo León", "Monterey").problem
    assert told.kind.slug == "unknown-label"
    assert told.extra["field"] == "Ciudad"
    assert told.extra["suggestions"][0] == "Monterrey"
    assert "Monterrey" in told.detail


def test_label_that_is_like_none_suggests_none() -> None:
    told = problem("Nuevo León", "Qqqq").problem
    assert told.extra["suggestions"] == []
    assert "There are such as" in told.detail


def test_known_labels_that_do_not_go_together_are_not_quoted() -> None:
    told = problem("Sonora", "Monterrey").problem
    assert told.kind.slug == "not-quoted"
    assert told.detail.endswith("GET /series lists what is.")


def test_long_label_is_told_in_part() -> None:
    assert len(problem("Sonora", "x" * 100_000).problem.detail) < 300
