"""The archive of what watching finds, in the folder `reports` of MONITOR_DIR.

    evidently-<version>.js, .woff2                  what all pages share
    <kind>/<YYYY>/<day>-<sha8 of its content>.json  every run's figures, once
    <kind>/<day>.html                               pages of the newest days
    index.html                                      the page that leads to them

A page holds its data alone, 0.1 MB, and opens from the disk. The kinds are `drift` and
`performance`.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

from canasta.store import store_for

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
        """Write a report; return its page, or its JSON where it has none.

        Args:
            report: what was found.
            shared: the files that pages share, by name.
            renew: whether a page that the day has already is replaced.
        """
        content = json.dumps(report.content, ensure_ascii=False, indent=1).encode()
        digest = hashlib.sha256(content).hexdigest()[:8]
        key = f"{report.kind}/{report.day:%Y}/{report.day}-{digest}.json"
        self._store.write_once(key, content)
        if report.page is None:
            return self.folder / key
        for name, asset in shared.items():
            self._store.write_once(name, asset)
        page = f"{report.kind}/{report.day}.html"
        if renew or not self._store.exists(page):
            self._store.replace(page, report.page.encode())
        self._prune(report.kind)
        return self.folder / page

    def pages(self, kind: str) -> list[Path]:
        """Return the pages of one kind that are kept, oldest day first."""
        return sorted((self.folder / kind).glob("*.html"))

    def contents(self, kind: str, about: date | None = None) -> list[dict[str, Any]]:
        """Return what runs of one kind found, by day and then by the day of the run.

        Args:
            kind: of report.
            about: the day that is asked for; all of them by default.
        """
        start = f"{kind}/{about:%Y}/{about}-" if about else ""
        keys = [
            key for key in self._store.keys(kind) if key.startswith(start) and key.endswith(".json")
        ]
        contents = [json.loads(content) for content in self._store.read_all(keys)]
        return [content for _, content in sorted(zip(keys, contents, strict=True), key=_order)]

    def _prune(self, kind: str) -> None:
        """Remove the pages of the oldest days; what they say stays, in their JSON."""
        for page in self.pages(kind)[: -self._pages]:
            page.unlink(missing_ok=True)


def _order(found: tuple[str, dict[str, Any]]) -> tuple[str, str, str]:
    key, content = found
    return key.rsplit("/", 1)[-1][:10], str(content.get("run", "")), key
