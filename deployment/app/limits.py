"""How often one key, or one address, may ask."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

from flask import Flask, request

from canasta.settings import Settings
from deployment.app import requests

REDIS_TIMEOUT_S = 0.2
"""A counter that takes longer is no counter: memory counts instead."""

type Wait = Callable[[], int]
"""Returns for how many seconds the one who asks too often should wait."""


def install(app: Flask, settings: Settings, unlimited: frozenset[str]) -> Wait | None:
    """Limit the requests to `app` as the settings say; those of `unlimited` endpoints never.

    Where Redis counts and is gone, each process counts for itself until it is back, which is
    logged once.
    """
    if settings.limit is None:
        return None
    from flask_limiter import Limiter  # noqa: PLC0415 # takes long, and Lambda does without

    is_redis = settings.rate_limit_storage.startswith("redis")
    limiter = Limiter(
        _asker,
        app=app,
        application_limits=[settings.limit],
        storage_uri=settings.rate_limit_storage,
        storage_options=_redis_options() if is_redis else {},
        in_memory_fallback_enabled=is_redis,
        key_prefix="canasta",
    )
    limiter.request_filter(lambda: request.endpoint in unlimited)

    def wait() -> int:
        broken = limiter.current_limit
        return 1 if broken is None else max(1, int(broken.reset_at - time.time()))

    return wait


def _redis_options() -> dict[str, Any]:
    return {"socket_connect_timeout": REDIS_TIMEOUT_S, "socket_timeout": REDIS_TIMEOUT_S}


def _asker() -> str:
    """Return who asks: the key's name, or the address where no key is let in."""
    return requests.current().asker or request.remote_addr or "unknown"
