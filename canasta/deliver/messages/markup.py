"""Text of messages: the HTML that Telegram knows, escaped, split, and as plain text."""

from __future__ import annotations

import html
import re
from collections.abc import Iterator

LIMIT = 4096
"""Of a message's text; it counts UTF-16 code units, once tags and entities are taken out.

https://core.telegram.org/bots/api#sendmessage. Here they are counted too: safe, and simple.
"""

_TAG = re.compile(r"<(/?)([a-z]+)[^>]*>")
_ATOM = re.compile(r"<[^>]*>|&[#\w]+;|.", re.DOTALL)
"""What is never broken: a tag, an entity, a character."""
_EMPTY = re.compile(r"<([a-z]+)[^>]*>(\s*)</\1>")
"""A tag around nothing that can be seen."""


def escaped(text: object) -> str:
    """Return text that stands in a message as it is, whatever characters it holds."""
    return html.escape(str(text), quote=False)


def bold(text: object) -> str:
    """Return text, escaped, in bold."""
    return f"<b>{escaped(text)}</b>"


def code(text: object) -> str:
    """Return text, escaped, as something to copy."""
    return f"<code>{escaped(text)}</code>"


def plain(text: str) -> str:
    """Return what a message's HTML says, without its tags."""
    return html.unescape(_TAG.sub("", text))


def length(text: str) -> int:
    """Return the length in UTF-16 code units, as Telegram counts."""
    return len(text.encode("utf-16-le")) // 2


def split(text: str, limit: int = LIMIT) -> list[str]:
    """Split a message's HTML into as few pieces as are needed, each complete in itself.

    A piece ends after a line where it can, else after a word, and only within a word that is
    longer than a piece. Tags that are open there are closed, and opened again in the next piece.
    The white space at the break is left out.

    Args:
        text: balanced HTML of Telegram's tags.
        limit: of a piece, in UTF-16 code units, its tags included; room for some tags at least.
    """
    pieces = []
    rest = _without_empty(text).strip()
    while length(rest) > limit:
        piece, rest = _broken(rest, limit)
        pieces.append(piece)
    return [*pieces, rest] if rest else pieces


def _without_empty(text: str) -> str:
    """Take out the tags around nothing: many of them would leave no room for what can be seen."""
    while (less := _EMPTY.sub(r"\2", text)) != text:
        text = less
    return text


def _broken(text: str, limit: int) -> tuple[str, str]:
    """Return the first piece of `text`, which is too long, and what is left of it."""
    ends = _ends(text, limit)
    at, opened = next(ends[kind] for kind in ("line", "word", "atom") if kind in ends)
    closing = "".join(f"</{_name(tag)}>" for tag in reversed(opened))
    return text[:at].rstrip() + closing, "".join(opened) + text[at:].lstrip()


def _ends(text: str, limit: int) -> dict[str, tuple[int, tuple[str, ...]]]:
    """Return the last place where a piece may end, and the tags open there, by kind of place.

    Lines and words count only once something can be seen: else nothing would be gained.
    """
    ends: dict[str, tuple[int, tuple[str, ...]]] = {}
    used, seen = 0, False
    for at, atom, opened in _atoms(text):
        closing = sum(len(_name(tag)) + 3 for tag in opened)
        if used + closing > limit:
            break
        if seen and not _TAG.fullmatch(atom):
            ends["atom"] = at, opened
            if atom.isspace():
                ends["line" if atom == "\n" else "word"] = at, opened
        seen = seen or not (_TAG.fullmatch(atom) or atom.isspace())
        used += length(atom)
    return ends


def _atoms(text: str) -> Iterator[tuple[int, str, tuple[str, ...]]]:
    """Yield each atom with its place, and the tags that are open before it."""
    opened: tuple[str, ...] = ()
    for found in _ATOM.finditer(text):
        atom = found[0]
        yield found.start(), atom, opened
        tag = _TAG.fullmatch(atom)
        if tag:
            opened = opened[:-1] if tag[1] else (*opened, atom)


def _name(tag: str) -> str:
    found = _TAG.fullmatch(tag)
    return found[2] if found else ""
