"""What every run does first: complete what an interrupted run left behind."""

from __future__ import annotations

import logging

from canasta.registry.decisions import led_to, newest_first
from canasta.registry.pointer import read_raw, stored
from canasta.registry.steps import Registry, align_aliases, replace_pointer

log = logging.getLogger(__name__)


def settle(registry: Registry) -> bool:
    """Complete what an interrupted run left behind; the first thing of every run.

    Returns:
        Whether MLflow's aliases agree with the pointer now.
    """
    _finish_pending(registry)
    return align_aliases(registry)


def _finish_pending(registry: Registry) -> None:
    """Write the pointer that the newest decision asks for, if that was all that was missing.

    A pointer that is gone is written again too; one that somebody put there is left alone.
    """
    before, live = stored(registry.lake), read_raw(registry.lake)
    for key, record in newest_first(registry.lake):
        if record.after is None:
            continue
        if live is None or live == record.before:
            log.warning("completing %s, which an interrupted run left", key)
            replace_pointer(registry, led_to(key, record), before)
        return
