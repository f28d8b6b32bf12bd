"""How often one key, or one address, may ask."""

from __future__ import annotations

import time
from collections.abc import Callable

from flask import Flask, request

from canasta.errors import SettingsError
from canasta.settings import Settings
from deployment.app import requests

type Wait = Callable[[], int]
"""Returns for how many seconds the one who asks too often should wait."""


def install(app: Flask, settings: Settings, unlimited: frozenset[str]) -> Wait | None:
    """Limit the requests to `app` as the settings say; those of `unlimited` endpoints never.

    Where Redis counts and is gone, each process counts for itself until it is back: see
    `counting`.

    Raises:
        SettingsError: RATE_LIMIT_STORAGE is no URL of a Redis.
    """
    if settings.limit is None:
        return None
    from flask_limiter import Limiter  # noqa: PLC0415 # takes long, and Lambda does without

    try:
        limiter = Limiter(
            _asker,
            app=app,
            application_limits=[settings.limit],
            storage_uri=_storage(settings.rate_limit_storage),
            key_prefix="canasta",
        )
    except (TypeError, ValueError):  # which may quote a part of the password
        raise SettingsError(
            "RATE_LIMIT_STORAGE names no Redis: expected redis://:password@host:port/number, the "
            "password with %40 for @ and so on, or without one; rediss:// with TLS."
        ) from None
    limiter.request_filter(lambda: request.endpoint in unlimited)

    def wait() -> int:
        broken = limiter.current_limit
        return 1 if broken is None else max(1, int(broken.reset_at - time.time()))

    return wait


def _storage(url: str) -> str:
    if not url.startswith("redis"):
        return url
    from deployment.app import counting  # noqa: PLC0415 # makes its scheme known to `limits`

    return f"{counting.PREFIX}{url}"


def _asker() -> str:
    """Return who asks: the key's name, or the address where no key is let in."""
    return requests.current().asker or request.remote_addr or "unknown"
