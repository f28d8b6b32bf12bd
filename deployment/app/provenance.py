"""Whose the prices are: of the commodity that is served, and real or simulated."""

from __future__ import annotations

from canasta.commodity import Traits
from canasta.errors import LakeMismatch, ObjectCorrupt
from canasta.forecast.panel import Panel
from canasta.ingest.identity import IDENTITY, Identity, SourceKind, parsed
from canasta.registry.objects import Reader


def check_is_of(traits: Traits, panel: Panel) -> None:
    """Check that a history's series are named by the columns of the commodity.

    Raises:
        LakeMismatch: they are named by others.
    """
    if panel.columns != traits.keys.columns:
        raise LakeMismatch(
            f"The series in the lake are named by {', '.join(panel.columns)}, expected "
            f"{', '.join(traits.keys.columns)}, as {traits.name} has them. Correct LAKE_URL or "
            "COMMODITY."
        )


def is_simulated(lake: Reader, traits: Traits, fitted_on: str | None) -> bool:
    """Tell whether what the lake holds comes from the simulated publisher.

    An earlier system's lake does not say whose it is; the prices of such a one are what its model
    was fitted on.

    Args:
        lake: what the prices are of.
        traits: of the commodity that is served.
        fitted_on: kind of the lake that a model was fitted on; None where no model can be asked.

    Raises:
        LakeMismatch: the lake is another commodity's.
        ObjectCorrupt: nothing says it, or what does is damaged.
        LakeUnreachable: the lake does not answer.
    """
    identity = _identity(lake)
    if identity is None:
        return _was_simulated(fitted_on)
    if identity.commodity != traits.name:
        raise LakeMismatch(
            f"The lake holds {identity}, expected those of {traits.name}. Correct LAKE_URL or "
            "COMMODITY."
        )
    return identity.simulated


def may_be_simulated(fitted_on: str | None) -> bool:
    """Tell the same, where the lake does not say it: real is what surely is."""
    return fitted_on != SourceKind.SNIIM


def _identity(lake: Reader) -> Identity | None:
    try:
        return parsed(lake.read(IDENTITY), IDENTITY)
    except KeyError:
        return None


def _was_simulated(fitted_on: str | None) -> bool:
    if fitted_on not in (SourceKind.SIMULATED, SourceKind.SNIIM):
        raise ObjectCorrupt(
            f"{IDENTITY} is missing, and nothing else says whether the prices are simulated. "
            "Restore it from a backup of the lake."
        )
    return fitted_on == SourceKind.SIMULATED
