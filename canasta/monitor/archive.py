"""The archive of what watching finds, in the folder `reports` of MONITOR_DIR.

    evidently-<version>.js, .woff2                      what all pages share
    <kind>/<YYYY>/<day>-<n>-<sha8 of its content>.json  every run's figures, once
    <kind>/<day>.html                                   pages of the newest days
    index.html                                          the page that leads to them

A page holds its data alone, 0.1 MB, and opens from the disk. The kinds are `drift` and
`performance`. Of the figures of one day, those with the highest n are the newest, wherever the
folder is copied to. A file that nothing here wrote, or that is torn, is left alone and left out.
"""

from __future__ import annotations

import hashlib
import json
import logging
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from functools import cache
from itertools import groupby
from pathlib import Path
from typing import Any, NamedTuple, Self

from canasta.store import store_for

log = logging.getLogger(__name__)

FOLDER = "reports"
DRIFT, PERFORMANCE = "drift", "performance"
"""The kinds of reports."""


@dataclass(frozen=True)
class Report:
    """What one run found about one day.

    Attributes:
        kind: names the folder.
        day: that it is about: the newest publication.
        content: for JSON; equal content is kept once.
        page: HTML for people; None: there is nothing to show.
    """

    kind: str
    day: date
    content: Mapping[str, Any]
    page: str | None


class Archive:
    """Reports on the local disk; only the newest pages stay.

    Args:
        monitor_dir: MONITOR_DIR.
        pages: of each kind that are kept, at least 1.
    """

    def __init__(self, monitor_dir: Path, pages: int) -> None:
        self.folder = monitor_dir / FOLDER
        self._store = store_for(str(self.folder))
        self._pages = pages

    def keep(self, report: Report, shared: Mapping[str, bytes], *, renew: bool = True) -> Path:
        """Write a report; return its page, or its JSON where none is kept.

        Args:
            report: what was found.
            shared: the files that pages share, by name.
            renew: whether a page that the day has already is replaced.
        """
        content = json.dumps(report.content, ensure_ascii=False, indent=1).encode()
        if report.page is None:
            return self._keep_figures(report, content)
        for name, asset in shared.items():
            self._store.write_once(name, asset)
        page = f"{report.kind}/{report.day}.html"
        if renew or not self._store.exists(page):
            self._store.replace(page, report.page.encode())
        figures = self._keep_figures(report, content)  # last: they say that the report is kept
        self._prune(report.kind)
        return self.folder / page if self._store.exists(page) else figures

    def has(self, kind: str, day: date) -> bool:
        """Tell whether a report of one kind about a day is kept."""
        return bool(self._figures(kind, f"{day:%Y}/{day}-*"))

    def pages(self, kind: str) -> dict[date, Path]:
        """Return the pages of one kind that are kept, by day, the oldest first."""
        found = {}
        for path in sorted((self.folder / kind).glob("*.html")):
            day = _day(path.stem)
            if day is None:
                leave_out(path, "no day is its name")
            else:
                found[day] = path
        return found

    def newest_first(self, kind: str) -> Iterator[tuple[Path, dict[str, Any]]]:
        """Yield what runs of one kind found, and where it lies; read file by file.

        The newest day comes first, and of each day what was kept last.
        """
        by_day = groupby(reversed(self._figures(kind, "*/*")), key=lambda found: found[0].day)
        for _, of_day in by_day:
            found = [
                (name.number, path, content)
                for name, path in of_day
                if (content := _content(path)) is not None
            ]
            # Of files without a number, the days of their runs say as much as is known.
            found.sort(key=lambda one: (one[0], str(one[2].get("run", ""))), reverse=True)
            yield from ((path, content) for _, path, content in found)

    def _keep_figures(self, report: Report, content: bytes) -> Path:
        """Write figures as the newest of their day; the same are kept once, the last time."""
        digest = hashlib.sha256(content).hexdigest()[:8]
        known = self._figures(report.kind, f"{report.day:%Y}/{report.day}-*")
        alike = (path for name, path in known if name.digest == digest)
        same = [path for path in alike if path.read_bytes() == content]
        if same and same[-1] == known[-1][1]:
            return same[-1]
        number = 1 + max((name.number for name, _ in known), default=0)
        key = f"{report.kind}/{report.day:%Y}/{report.day}-{number:03}-{digest}.json"
        if same:
            same[-1].replace(self.folder / key)
        else:
            self._store.replace(key, content)
        return self.folder / key

    def _figures(self, kind: str, which: str) -> list[tuple[_Name, Path]]:
        """Return the files of figures, the oldest first."""
        found = []
        for path in (self.folder / kind).glob(f"{which}.json"):
            name = _Name.of(path)
            if name is None:
                leave_out(path, "nothing here names a file so")
            else:
                found.append((name, path))
        return sorted(found)

    def _prune(self, kind: str) -> None:
        """Remove the pages of the oldest days; what they say stays, in their JSON."""
        for page in list(self.pages(kind).values())[: -self._pages]:
            page.unlink(missing_ok=True)


@cache
def leave_out(path: Path, reason: str) -> None:
    """Say, once, that a file of the archive is left out."""
    log.warning("%s is left out of what is shown: %s", path, reason)


class _Name(NamedTuple):
    """What the name of a file of figures says; the first ones had no number."""

    day: date
    number: int
    digest: str

    @classmethod
    def of(cls, path: Path) -> Self | None:
        found = re.fullmatch(r"([0-9-]{10})(?:-([0-9]{3,}))?-([0-9a-f]{8})", path.stem)
        day = _day(found[1]) if found else None
        return cls(day, int(found[2] or 0), found[3]) if found and day else None


def _day(text: str) -> date | None:
    """Return the day that a text names as YYYY-MM-DD; None of any other."""
    try:
        day = date.fromisoformat(text)
    except ValueError:
        return None
    return day if str(day) == text else None


def _content(path: Path) -> dict[str, Any] | None:
    """Return what a file of figures holds; None of one that cannot be read."""
    try:
        content = json.loads(path.read_bytes())
    except (OSError, ValueError) as error:
        leave_out(path, repr(error))
        return None
    if not isinstance(content, dict):
        leave_out(path, "it holds no figures")
        return None
    return content
