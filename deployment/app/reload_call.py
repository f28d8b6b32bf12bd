"""How one worker tells the others, which were forked from one process, to look at the pointer."""

from __future__ import annotations

import mmap
import os

LENGTH = 16


class ReloadCall:
    """A few bytes of memory that all processes forked after its making share.

    No lock, and no semaphore, which Lambda does not have: a call is a random number, and whoever
    hears another one than before looks. One that is heard while it is written is heard again.
    """

    def __init__(self) -> None:
        self._shared = mmap.mmap(-1, LENGTH)

    def ring(self) -> None:
        """Call all."""
        self._shared[:] = os.urandom(LENGTH)

    def heard(self) -> bytes:
        """Return the last call; another one than before means: look."""
        return self._shared[:]
