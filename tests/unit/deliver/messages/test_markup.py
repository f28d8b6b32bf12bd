import re
from html.parser import HTMLParser

import pytest
from hypothesis import given
from hypothesis import strategies as st

from canasta.deliver.messages.markup import LIMIT, bold, escaped, length, plain, split


class Reader(HTMLParser):
    """Reads Telegram's HTML as strictly as its server does, and what it shows, with its tags."""

    def __init__(self, text: str) -> None:
        super().__init__(convert_charrefs=True)
        self.open: list[str] = []
        self.shown: list[tuple[str, tuple[str, ...]]] = []
        self.feed(text)
        self.close()
        assert not self.open, f"{self.open} stay open in {text!r}"

    def handle_starttag(self, tag: str, _attrs: list[tuple[str, str | None]]) -> None:
        self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.shown += [(one, tuple(self.open)) for one in data if not one.isspace()]


def shown(text: str) -> list[tuple[str, tuple[str, ...]]]:
    """Return each visible character with the tags around it."""
    return Reader(text).shown


words = st.text(
    st.sampled_from("aá<&>ñ😀\"'; "),
    min_size=1,
    max_size=12,
)
leaves = st.builds(lambda text: f"{escaped(text)} ", words)
links = st.builds(lambda text: f'<a href="http://x/?a=1&amp;b=2">{text}</a>', leaves)
texts = st.recursive(
    leaves | links,
    lambda inner: (
        st.lists(inner, min_size=1, max_size=6).map("".join)
        | st.builds(lambda text: f"{text}\n", inner)
        | st.builds(
            lambda tag, text: f"<{tag}>{text}</{tag}>",
            st.sampled_from("bi"),
            inner,
        )
    ),
    max_leaves=30,
)


@given(texts, st.integers(150, 250))
def test_pieces_are_short_complete_and_say_it_all(text: str, limit: int) -> None:
    try:
        expected = shown(text)
    except AssertionError:
        pytest.fail("the test's own text is not balanced")
    pieces = split(text, limit)
    assert all(length(piece) <= limit for piece in pieces)
    assert [one for piece in pieces for one in shown(piece)] == expected


@given(texts)
def test_no_word_is_broken_where_pieces_have_room_for_words(text: str) -> None:
    pieces = split(text, 150)
    assert " ".join(plain(piece) for piece in pieces).split() == plain(text).split()


def test_tags_around_nothing_leave_room_for_what_can_be_seen() -> None:
    nothing = '<a href="http://x/?a=1"><b> </b></a>' * 9
    assert split(f"{nothing}hola", 60) == ["hola"]


def test_short_text_is_one_piece_and_nothing_is_none() -> None:
    assert split("hola") == ["hola"]
    assert split(" \n") == []


def test_breaks_after_a_line_rather_than_after_a_word() -> None:
    lines = [f"Línea {number}: " + "palabra " * 20 for number in range(100)]
    pieces = split("\n".join(lines))
    assert len(pieces) > 1
    assert all(piece.startswith("Línea ") for piece in pieces)
    assert all(length(piece) > LIMIT - 200 for piece in pieces[:-1]), "no fewer than needed"


def test_line_longer_than_a_piece_breaks_after_a_word_and_keeps_its_tag() -> None:
    first, *others = split(bold("palabra " * 1000))
    assert re.fullmatch(r"<b>(palabra )*palabra</b>", first)
    assert others
    assert all(piece.startswith("<b>palabra") for piece in others)


def test_word_longer_than_a_piece_is_broken_between_characters() -> None:
    pieces = split("😀" * 3000)
    assert "".join(pieces) == "😀" * 3000
    assert [length(piece) for piece in pieces] == [LIMIT, 6000 - LIMIT]


def test_what_people_wrote_stays_as_it_is() -> None:
    hostile = "<b>a & b</b> &amp; <script>"
    assert plain(bold(hostile)) == hostile
    assert [one for one, _ in shown(escaped(hostile))] == list(hostile.replace(" ", ""))
