import pytest

from canasta.errors import SettingsError
from orchestration.comparison import seeds_of


@pytest.mark.parametrize(
    ("text", "seeds"),
    [
        ("1-5", [1, 2, 3, 4, 5]),
        ("1,4,7", [1, 4, 7]),
        ("3", [3]),
        ("0 2-3", [0, 2, 3]),
        (" 7, 8 ", [7, 8]),
        ("2147483647", [2**31 - 1]),
    ],
)
def test_seeds_are_read(text: str, seeds: list[int]) -> None:
    assert seeds_of(text) == seeds


@pytest.mark.parametrize(
    "text",
    [
        "", ",", "one", "1-", "-1", "5-1", "5-1,2", "1,1", "1-3,2", "1.5", "²", "9" * 5_000,
        "1-9999999999", "1-101", "2147483648", "99999999999999",
    ],
)  # fmt: skip
def test_what_names_no_seeds_is_an_error_that_says_so(text: str) -> None:
    with pytest.raises(SettingsError, match="SEEDS="):
        seeds_of(text)
