"""A message: one event, told once, with what goes along with it."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from enum import StrEnum

from canasta.deliver.messages.markup import plain, split

_KEY = re.compile(r"[a-z0-9][a-z0-9.-]{0,120}", re.ASCII)


@dataclass(frozen=True, slots=True)
class Document:
    """A file that goes along."""

    name: str
    content: bytes


@dataclass(frozen=True, slots=True)
class Message:
    """What is told of one event.

    Attributes:
        key: of the event: equal ones are told once. Lower case, digits, dots and hyphens.
        text: in Telegram's HTML, of any length.
        photo: a PNG, sent after the text; None where there is none.
        documents: sent at the end.
    """

    key: str
    text: str
    photo: bytes | None = None
    documents: tuple[Document, ...] = ()

    def __post_init__(self) -> None:
        """Check the key, which becomes a file's name.

        Raises:
            ValueError: it holds something else than it may.
        """
        if not _KEY.fullmatch(self.key):
            raise ValueError(f"{self.key!r} is no key of an event: letters, digits, . and -")


class Kind(StrEnum):
    """How a part is sent."""

    TEXT = "text"
    PHOTO = "photo"
    DOCUMENT = "document"


@dataclass(frozen=True, slots=True)
class Part:
    """What is sent at a time.

    Attributes:
        kind: how.
        text: of a text: at most LIMIT characters; else empty.
        is_html: whether the text is HTML; else it is shown as it stands.
        file: of a photo or document; of a text, None.
        quiet: whether it comes without a sound: only the first part of a message rings.
    """

    kind: Kind
    text: str = ""
    is_html: bool = True
    file: Document | None = None
    quiet: bool = True

    @property
    def as_plain_text(self) -> Part:
        """The same text without its tags, for when Telegram cannot read them."""
        return replace(self, text=plain(self.text), is_html=False)


PHOTO_NAME = "grafica.png"


def parts_of(message: Message) -> list[Part]:
    """Return the parts of a message in the order of sending; equal messages have equal parts."""
    texts = [
        Part(Kind.TEXT, text, quiet=position > 0)
        for position, text in enumerate(split(message.text))
    ]
    photo = [] if message.photo is None else [Document(PHOTO_NAME, message.photo)]
    return [
        *texts,
        *(Part(Kind.PHOTO, file=file) for file in photo),
        *(Part(Kind.DOCUMENT, file=file) for file in message.documents),
    ]


def short_hash(parts: Sequence[str]) -> str:
    """Return what tells events apart whose keys cannot name all that they are about."""
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()[:12]
