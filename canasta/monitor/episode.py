"""Drift as people are told of it: by episodes, in which each worry is told once.

A fault stays in the windows for weeks, and its checks flicker around their thresholds meanwhile.
What is known of an episode is a list of words that is kept from run to run: its worries, and the
publications since that were OK.
"""

from __future__ import annotations

from collections.abc import Sequence

from canasta.monitor.verdict import FAILED, Severity, Verdict

QUIET = 3
"""Publications that are OK in a row end an episode."""
ALERTED = f"{Severity.ALERT} "
"""What stands before the name of a check that alerted."""


def is_news(known: Sequence[str], verdict: Verdict) -> bool:
    """Tell whether a verdict holds what its episode has not shown before.

    Once the market alerted, a further check that merely warns is none.
    """
    fresh = set(_worries(verdict)) - set(known)
    alerts = {one for one in known if one.startswith(ALERTED)} - {f"{ALERTED}{FAILED}"}
    return any(one.startswith(ALERTED) for one in fresh) if alerts else bool(fresh)


def continued(known: Sequence[str], verdict: Verdict) -> list[str]:
    """Return what is known after a verdict; nothing where it ends the episode.

    Args:
        known: before it. The same publication may come again: it counts once.
        verdict: of the newest publication.
    """
    calm = f"{Severity.OK} "
    found, worries = set(known), set(_worries(verdict))
    if worries:
        return sorted({one for one in found if not one.startswith(calm)} | worries)
    if not found:
        return []
    found.add(f"{calm}{verdict.as_of}")
    is_over = sum(one.startswith(calm) for one in found) >= QUIET
    return [] if is_over else sorted(found)


def _worries(verdict: Verdict) -> list[str]:
    """Return what of a verdict is worth telling, by severity and check."""
    if verdict.severity is Severity.OK:
        return []
    checks = [check for check in verdict.checks if check.severity is not Severity.OK]
    named = [("", verdict.severity), *((check.name, check.severity) for check in checks)]
    # What was an ALERT and is a WARNING now is no news.
    lesser = [(name, Severity.WARNING) for name, _ in named]
    return [f"{severity} {name}".strip() for name, severity in [*named, *lesser]]
