"""Which file a run reads: the newest publication that is not in the lake yet."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta

from canasta.commodity import Commodity
from canasta.errors import Arrived, NoPublication, NotAWorkbook
from canasta.ingest.archive import looks_zipped
from canasta.ingest.folders import Folder, open_folder
from canasta.ingest.http_folder import Patience

WALK_DAYS = 15
"""Calendar days that a run looks at, its own day included."""


@dataclass(frozen=True, slots=True)
class Publication(Arrived):
    """A file that came whole, as far as the source can tell."""


def find(
    folder_url: str,
    commodity: Commodity,
    as_of: date,
    newest_known: date | None,
    patience: Patience | None = None,
) -> Publication | None:
    """Find the newest publication on or before `as_of` that is newer than `newest_known`.

    Walks back over calendar days, at most WALK_DAYS. Where something other than a zip archive
    comes (some servers answer 200 with a page of theirs for a missing file), older days are
    asked too; that answer is returned only if nothing better is found, to be told apart by
    `workbook.parse`.

    Args:
        folder_url: an https, http or file URL.
        commodity: whose file names and size limit hold.
        as_of: the day that the run stands for.
        newest_known: the newest publication in the lake; None for an empty lake.
        patience: timeouts and retries; by default those of `Patience`.

    Returns:
        The publication, or None where there is no new one, which is normal.

    Raises:
        SourceUnreachable: the source does not answer, or not with a file.
        NotAWorkbook: a file is empty, packed, or larger than the commodity allows. Both carry
            what arrived.
        NoPublication: nothing was found, and nothing is known.
        SettingsError: `folder_url` is no URL of a known kind.
    """
    wait = patience or Patience()
    with open_folder(folder_url, commodity.source, wait) as folder:
        found = _walk(folder, as_of, newest_known)
        if found is None and newest_known is None:
            raise NoPublication(
                f"Expected a publication in the {WALK_DAYS} days up to {as_of}, found none; "
                f"the newest name tried was {folder.location(as_of)}. "
                "Choose another DATE, or check PUBLICATION_URL."
            )
    if found is not None and not found.content:
        raise NotAWorkbook(f"Expected an .xlsx workbook at {found.url}, got an empty file.")
    return found


def _walk(folder: Folder, as_of: date, newest_known: date | None) -> Publication | None:
    something_else: Publication | None = None
    for day in _days(as_of, newest_known):
        content = folder.get(day)
        if content is None:
            continue
        found = Publication(day, folder.location(day), content)
        if looks_zipped(content):
            return found
        something_else = something_else or found
    return something_else


def _days(as_of: date, newest_known: date | None) -> Iterator[date]:
    for back in range(WALK_DAYS):
        day = as_of - timedelta(days=back)
        if newest_known is not None and day <= newest_known:
            return
        yield day
