import re
from html import unescape

import pytest
from markupsafe import Markup
from matplotlib.figure import Figure

from canasta.deliver.backtest.inline_svg import BLUE, COLOURS, INK, inline_svg, page_style


def picture(name: str = "one", alt: str = "What it shows") -> Markup:
    with page_style():
        figure = Figure(figsize=(2, 2), layout="constrained")
        axes = figure.subplots()
        axes.plot([1, 2], [1, 3], "o-", color=BLUE)
        axes.set(xlabel="<b>a & b</b> $x$ $y$")
        return inline_svg(figure, name, alt)


def test_the_element_needs_nothing_from_outside() -> None:
    svg = picture()
    assert svg.startswith("<svg ")
    assert svg.endswith("</svg>")
    assert "http" not in svg
    assert "<style" not in svg, "it would apply to the whole page"
    assert "font-family" not in svg


def test_the_same_figure_gives_the_same_text() -> None:
    assert picture() == picture()


def test_identifiers_begin_with_the_name() -> None:
    svg = picture("mine")
    identifiers = re.findall(r' id="([^"]+)"', svg)
    assert len(identifiers) > 10
    assert all(identifier.startswith("mine-") for identifier in identifiers)
    referred = re.findall(r'(?:url\(#|href="#)([^)"]+)', svg)
    assert referred
    assert set(referred) <= set(identifiers)


def test_two_pictures_share_no_identifier() -> None:
    one, two = (set(re.findall(r' id="([^"]+)"', picture(name))) for name in ("one", "two"))
    assert not one & two


def test_colours_are_the_pages() -> None:
    svg = picture()
    assert f"stroke: var(--blue, {BLUE})" in svg
    assert f"fill: var(--ink, {INK})" in svg
    bare = re.findall(r"(?<!, )#[0-9a-f]{6}", svg)
    assert not set(bare) & set(COLOURS)


@pytest.mark.parametrize("hostile", ['a "b" <c> & d', "'"])
def test_what_it_shows_is_escaped(hostile: str) -> None:
    svg = picture(alt=hostile)
    label = svg.split('aria-label="')[1].split('"')[0]
    assert unescape(label) == hostile
    assert "<c>" not in svg


def test_labels_are_escaped_and_their_dollars_kept() -> None:
    assert "&lt;b&gt;a &amp; b&lt;/b&gt; $x$ $y$" in picture()
