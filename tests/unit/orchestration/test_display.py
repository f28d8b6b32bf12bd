"""The terminal is a string here: rich writes to it as it would to a person's."""

import re
from io import StringIO

import pytest
from rich.console import Console
from rich.table import Table

from orchestration.display import Display


def terminal(width: int = 80) -> Console:
    return Console(
        file=StringIO(), force_terminal=True, width=width, highlight=False, color_system=None
    )


def log() -> Console:
    return Console(file=StringIO(), force_terminal=False, width=80, highlight=False)


def shown(console: Console) -> str:
    assert isinstance(console.file, StringIO)
    return console.file.getvalue()


def test_finished_step_leaves_one_line_with_its_latest_result_and_its_time() -> None:
    console = log()
    with Display(console).step("Search", 2) as told:
        told("first")
        told("[second] of /a/path")
    assert re.fullmatch(r"✓ Search: \[second\] of /a/path \d+\.\d s\n", shown(console))


def test_failed_step_says_so_and_the_error_goes_on() -> None:
    console = log()
    with pytest.raises(ZeroDivisionError), Display(console).step("Ingest"):
        _ = 1 / 0
    assert re.fullmatch(r"✗ Ingest \d+\.\d s\n", shown(console))


def test_what_moves_fits_the_terminal_line_by_line() -> None:
    """A moving line that the terminal wraps would leave its rest behind at every turn."""
    console = terminal(60)
    with Display(console).step("Back-test", 18) as told:
        told("a result that is so long that it cannot stand in one line of this terminal")
    moving = shown(console).rsplit("\x1b[2K", 1)[0]
    lines = [re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", part) for part in re.split(r"[\r\n]+", moving)]
    assert any("Back-test" in line for line in lines)
    assert max(len(line) for line in lines) <= 60


def test_long_result_is_left_to_the_terminal_to_wrap() -> None:
    console = log()
    with Display(console).step("Gate") as told:
        told("word " * 40)
    assert shown(console).count("\n") == 1


def test_table_wider_than_the_terminal_is_whole() -> None:
    console = log()
    table = Table()
    for column in range(20):
        table.add_column(f"heading {column}", no_wrap=True)
    table.add_row(*(f"{value}.00000" for value in range(20)))
    Display(console).print(table)
    assert "…" not in shown(console)
    assert "heading 19" in shown(console)


def test_empty_line_can_be_printed() -> None:
    console = log()
    Display(console).print("")
    assert shown(console) == "\n"


def test_brackets_in_a_text_are_no_markup() -> None:
    console = log()
    Display(console).print("Written: /srv/reports[bold]/x [/red]")
    assert shown(console) == "Written: /srv/reports[bold]/x [/red]\n"
