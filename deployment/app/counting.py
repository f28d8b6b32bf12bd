"""Where requests are counted: in Redis, for all processes; in memory, while Redis is gone.

flask-limiter 4.1.1 has a fallback of its own. With it, of eight requests that wait for a Redis
that hangs, the first is answered from memory and the others with 500, and it is logged as often
as they please. Hence this storage, of which flask-limiter sees no failure. It is imported where
Redis counts, and nowhere else.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from threading import Lock
from urllib.parse import urlsplit

from limits.storage import MemoryStorage, RedisStorage, Storage
from redis.backoff import NoBackoff
from redis.exceptions import RedisError
from redis.retry import Retry

PREFIX = "canasta+"
"""Before a URL of Redis, it names this storage to `limits`."""

TIMEOUT_S = 0.2
"""For a connection, and for an answer. A counter that takes longer is no counter."""

AGAIN_S = 5.0
"""How long a Redis that is gone is left alone; then one request, and no other, tries it."""

log = logging.getLogger(__name__)


class RedisOrMemory(Storage):
    """Counts in the Redis of `uri`; while it is gone, for this process alone.

    That it is gone is logged once, and so is that it is back. `limits` asks for the methods; what
    they take and return stands there (https://limits.readthedocs.io/en/stable/custom-storage.html).

    Raises:
        TypeError, ValueError: no Redis can be reached by such a URL, or with such options.
    """

    STORAGE_SCHEME = [f"{PREFIX}redis", f"{PREFIX}rediss"]  # noqa: RUF012 # typed by its base

    def __init__(self, uri: str, wrap_exceptions: bool = False) -> None:
        super().__init__(uri, wrap_exceptions)
        url = uri.removeprefix(PREFIX)
        self._redis = RedisStorage(
            url,
            socket_connect_timeout=TIMEOUT_S,
            socket_timeout=TIMEOUT_S,
            retry=Retry(NoBackoff(), 0),  # type: ignore[arg-type] # handed on to redis as it is
        )
        self._redis.storage.connection_pool.make_connection()  # not opened; its options are checked
        self._memory = MemoryStorage()
        self._where = urlsplit(url).netloc.rpartition("@")[2] or "localhost"
        self._lock = Lock()
        self._try_at: float | None = None  # None while Redis counts; of time.monotonic

    @property
    def base_exceptions(self) -> type[Exception]:
        """What goes wrong with Redis, and does not leave this class."""
        return RedisError

    def incr(self, key: str, expiry: int, amount: int = 1) -> int:
        """Count `amount` more, and return the count."""
        return self._ask(lambda counts: counts.incr(key, expiry, amount))

    def get(self, key: str) -> int:
        """Return the count."""
        return self._ask(lambda counts: counts.get(key))

    def get_expiry(self, key: str) -> float:
        """Return when the count ends, in seconds since 1970."""
        return self._ask(lambda counts: counts.get_expiry(key))

    def check(self) -> bool:
        """Return True: one of the two counts."""
        return True

    def reset(self) -> int | None:
        """Forget all counts."""
        return self._ask(lambda counts: counts.reset())

    def clear(self, key: str) -> None:
        """Forget a count."""
        self._ask(lambda counts: counts.clear(key))

    def _ask[T](self, question: Callable[[Storage], T]) -> T:
        was_gone = self._try_at is not None
        if was_gone and not self._may_try():
            return question(self._memory)
        try:
            answer = question(self._redis)
        except RedisError as error:
            self._lose(error)
            return question(self._memory)
        # Only who tried it knows that it is back: another's answer may be older than its loss.
        if was_gone:
            self._find()
        return answer

    def _may_try(self) -> bool:
        now = time.monotonic()
        with self._lock:
            if self._try_at is None or now < self._try_at:
                return self._try_at is None
            self._try_at = now + AGAIN_S
            return True

    def _lose(self, error: RedisError) -> None:
        with self._lock:
            is_news = self._try_at is None
            self._try_at = time.monotonic() + AGAIN_S
        if is_news:
            log.warning(
                "Redis at %s does not count requests (%s): until it is back, each process counts "
                "for itself",
                self._where,
                error,
            )

    def _find(self) -> None:
        with self._lock:
            is_news = self._try_at is not None
            self._try_at = None
        if is_news:
            log.info("Redis at %s counts requests again", self._where)
