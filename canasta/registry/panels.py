"""Panel objects: the whole history and its forecasts in one hashed file that serving reads.

An object is a NumPy archive without pickle, `panels/<origin>-<sha256>.npz`. It holds the
forecasts of all series and horizons whole, so that who serves them computes nothing.

Part of the serving path: NumPy and the standard library alone.
"""

from __future__ import annotations

import io
import zipfile
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

import numpy as np
from numpy.typing import NDArray

from canasta.calendar import PublicationCalendar
from canasta.errors import ObjectCorrupt
from canasta.forecast.outlook import LEVELS, Outlook
from canasta.forecast.panel import Panel
from canasta.registry.objects import ObjectRef, Reader, read_verified, sha256

FORMAT = 2
"""Version of the layout; a reader refuses any other."""

FORECASTS = ("mean", "p_up", "p_down", "quantiles")
"""Arrays of an outlook. Doubles, as computed: every reader rounds the same number to the same
cent, which float32, or a sum of last price and change, would not promise."""


@dataclass(frozen=True)
class PublishedPanel:
    """A history and what one version forecasts from it.

    Attributes:
        panel: the history.
        outlook: forecasts of its series from its newest publication.
        fingerprint: of the dataset.
        version: of the model that made `outlook`.
    """

    panel: Panel
    outlook: Outlook
    fingerprint: str
    version: int

    def __post_init__(self) -> None:
        """Check that the forecasts belong to the history.

        Raises:
            ValueError: they do not.
        """
        check_belongs(self.outlook, self.panel)


def check_belongs(outlook: Outlook, panel: Panel) -> None:
    """Check that `outlook` forecasts the series of `panel` from its newest publication.

    Raises:
        ValueError: it stands on another publication, or an array has another shape.
    """
    if outlook.origin != panel.origin:
        raise ValueError(f"forecasts stand on {outlook.origin}, the panel on {panel.origin}")
    shape = (len(panel.keys), len(outlook.targets))
    for name in FORECASTS:
        expected = (*shape, len(LEVELS)) if name == "quantiles" else shape
        found = getattr(outlook, name).shape
        if found != expected:
            raise ValueError(f"{name} of the forecasts must have shape {expected}, {found} came")


def write_panel(published: PublishedPanel) -> tuple[ObjectRef, bytes]:
    """Return the object's reference and bytes; equal panels give equal bytes."""
    buffer = io.BytesIO()
    np.savez_compressed(buffer, allow_pickle=False, **_arrays(published))
    content = buffer.getvalue()
    digest = sha256(content)
    return ObjectRef(f"panels/{published.outlook.origin}-{digest}.npz", digest), content


def read_panel(reader: Reader, ref: ObjectRef) -> PublishedPanel:
    """Read the panel object that `ref` names, against its hash first.

    Raises:
        ObjectCorrupt: it is missing, does not match its hash, or is not of this format.
    """
    content = read_verified(reader, ref)
    try:
        with np.load(io.BytesIO(content), allow_pickle=False) as archive:
            return _published({name: archive[name] for name in archive.files})
    except (KeyError, ValueError, OSError, zipfile.BadZipFile) as error:
        raise ObjectCorrupt(f"{ref.key} is not a panel of format {FORMAT}: {error}") from error


def _arrays(published: PublishedPanel) -> dict[str, NDArray[Any]]:
    panel, outlook = published.panel, published.outlook
    return {
        "format": np.array(FORMAT),
        "columns": _texts(panel.columns),
        "product": _texts(panel.product),
        "keys": np.array(panel.keys, dtype=np.str_).reshape(len(panel.keys), len(panel.columns)),
        "dates": _days(panel.dates),
        "prices": np.ascontiguousarray(panel.prices),
        "weekdays": np.array(sorted(panel.calendar.weekdays), dtype=np.int64),
        "closed": _days(sorted(panel.calendar.closed)),
        "targets": _days(outlook.targets),
        "skipped": _days(outlook.skipped),
        "levels": np.array(LEVELS),
        **{name: np.ascontiguousarray(getattr(outlook, name)) for name in FORECASTS},
        "fingerprint": np.array(published.fingerprint),
        "version": np.array(published.version),
    }


def _published(arrays: Mapping[str, NDArray[Any]]) -> PublishedPanel:
    if arrays["format"] != FORMAT:
        raise ValueError(f"its format is {arrays['format']}")
    if arrays["levels"].tolist() != list(LEVELS):
        raise ValueError("its quantiles are taken at other levels than this release's")
    calendar = PublicationCalendar(
        frozenset(arrays["weekdays"].tolist()), frozenset(arrays["closed"].tolist())
    )
    panel = Panel(
        columns=tuple(arrays["columns"].tolist()),
        product=tuple(arrays["product"].tolist()),
        keys=tuple(tuple(key) for key in arrays["keys"].tolist()),
        dates=tuple(arrays["dates"].tolist()),
        prices=arrays["prices"],
        calendar=calendar,
    )
    outlook = Outlook(
        origin=panel.origin,
        targets=tuple(arrays["targets"].tolist()),
        skipped=tuple(arrays["skipped"].tolist()),
        **{name: arrays[name] for name in FORECASTS},
    )
    return PublishedPanel(panel, outlook, str(arrays["fingerprint"]), int(arrays["version"]))


def _texts(labels: Iterable[str]) -> NDArray[np.str_]:
    return np.array(list(labels), dtype=np.str_)


def _days(dates: Iterable[date]) -> NDArray[np.datetime64]:
    return np.array(list(dates), dtype="datetime64[D]")
