"""What goes wrong with a request, as RFC 9457 problem documents: a kind, a status, what to do.

Nothing of the inside is shown: no traceback, no path, no key.

Source: Nottingham, Wilde and Dalal (2023), RFC 9457, Problem Details for HTTP APIs.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Any

MEDIA_TYPE = "application/problem+json"


@dataclass(frozen=True)
class Kind:
    """One kind of problem.

    Attributes:
        slug: its name in the `type` of the document.
        status: of the answer.
        title: what it is, always the same.
    """

    slug: str
    status: HTTPStatus
    title: str


KINDS = {
    kind.slug: kind
    for kind in (
        Kind("past-date", HTTPStatus.UNPROCESSABLE_ENTITY, "The date is not ahead"),
        Kind("beyond-horizon", HTTPStatus.UNPROCESSABLE_ENTITY, "The date is too far ahead"),
        Kind("invalid-date", HTTPStatus.UNPROCESSABLE_ENTITY, "There is no such date"),
        Kind("partial-date", HTTPStatus.UNPROCESSABLE_ENTITY, "The date is incomplete"),
        Kind("contradicting-dates", HTTPStatus.UNPROCESSABLE_ENTITY, "Two dates are given"),
        Kind("unknown-label", HTTPStatus.UNPROCESSABLE_ENTITY, "A label is not known"),
        Kind("ambiguous-labels", HTTPStatus.UNPROCESSABLE_ENTITY, "Several series may be meant"),
        Kind("not-quoted", HTTPStatus.UNPROCESSABLE_ENTITY, "The series has no price"),
        Kind("implausible-price", HTTPStatus.UNPROCESSABLE_ENTITY, "A price is not plausible"),
        Kind("invalid-request", HTTPStatus.UNPROCESSABLE_ENTITY, "The request is not as described"),
        Kind("bad-request", HTTPStatus.BAD_REQUEST, "The request cannot be read"),
        Kind("not-json", HTTPStatus.BAD_REQUEST, "The body is not JSON"),
        Kind("unauthorized", HTTPStatus.UNAUTHORIZED, "A valid key is needed"),
        Kind("not-found", HTTPStatus.NOT_FOUND, "There is nothing here"),
        Kind("method-not-allowed", HTTPStatus.METHOD_NOT_ALLOWED, "The method is not allowed"),
        Kind("too-large", HTTPStatus.REQUEST_ENTITY_TOO_LARGE, "The request is too large"),
        Kind("too-many-requests", HTTPStatus.TOO_MANY_REQUESTS, "Too many requests"),
        Kind("not-json-type", HTTPStatus.UNSUPPORTED_MEDIA_TYPE, "The body must be JSON"),
        Kind("not-ready", HTTPStatus.SERVICE_UNAVAILABLE, "No forecast can be given now"),
        Kind("internal-error", HTTPStatus.INTERNAL_SERVER_ERROR, "The error is on our side"),
    )
}


class ProblemError(Exception):
    """A request that cannot be answered.

    Args:
        slug: a key of KINDS.
        detail: what was expected, what came, what to do.
        extra: further members of the document.
    """

    def __init__(self, slug: str, detail: str, **extra: Any) -> None:
        super().__init__(detail)
        self.problem = Problem(KINDS[slug], detail, extra)


BY_STATUS = {
    int(KINDS[slug].status): slug
    for slug in (
        "unauthorized",
        "not-found",
        "method-not-allowed",
        "too-large",
        "not-json-type",
        "too-many-requests",
    )
}
"""The kind of a problem that only its status is known of."""


@dataclass(frozen=True)
class Problem:
    """One problem, ready to be told."""

    kind: Kind
    detail: str
    extra: Mapping[str, Any] = field(default_factory=dict)

    def as_dict(self) -> dict[str, Any]:
        """Return the document's members."""
        return {
            "type": f"/problems/{self.kind.slug}",
            "title": self.kind.title,
            "status": int(self.kind.status),
            "detail": self.detail,
            **self.extra,
        }
