"""Who may ask: keys, of which only the SHA-256 is kept.

Keys are 32 random bytes, so that a plain hash keeps them: there is nothing to guess.
"""

from __future__ import annotations

import hmac
from collections.abc import Sequence
from hashlib import sha256

HEADER = "X-API-Key"


class Keys:
    """The keys that are let in.

    Args:
        digests: SHA-256 of each, in hex.
    """

    def __init__(self, digests: Sequence[str]) -> None:
        self._digests = tuple(bytes.fromhex(digest) for digest in digests)

    def admit(self, key: str | None) -> str | None:
        """Return what a key is called in counters, which says nothing of it; None: not let in.

        Every digest is compared, in constant time: neither which one a key is like, nor how
        much, can be told from how long it takes.
        """
        if not key:
            return None
        digest = sha256(key.encode()).digest()
        found = None
        for at, known in enumerate(self._digests):
            if hmac.compare_digest(digest, known):
                found = f"key-{at}"
        return found
