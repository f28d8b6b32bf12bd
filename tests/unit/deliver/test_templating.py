from pathlib import Path

import pytest
from jinja2 import UndefinedError

from canasta.deliver.templating import rendered


def test_what_is_filled_in_is_escaped_and_signs_stay_with_their_numbers(tmp_path: Path) -> None:
    (tmp_path / "a.html").write_text("<b>{{ name }}</b> {{ share|percent }}", encoding="utf-8")
    html = rendered("a.html", [tmp_path], name="<i>", share=0.5)
    assert html == "<b>&lt;i&gt;</b> 50\N{NO-BREAK SPACE}%"


def test_the_first_folder_that_has_a_template_counts(tmp_path: Path) -> None:
    for folder in ("ours", "shared"):
        (tmp_path / folder).mkdir()
        (tmp_path / folder / "a.css").write_text(folder, encoding="utf-8")
    (tmp_path / "shared" / "a.html").write_text('{% include "a.css" %}', encoding="utf-8")
    assert rendered("a.html", [tmp_path / "ours", tmp_path / "shared"]) == "ours"


def test_a_name_that_is_missing_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "a.html").write_text("{{ name }}", encoding="utf-8")
    with pytest.raises(UndefinedError, match="name"):
        rendered("a.html", [tmp_path])
