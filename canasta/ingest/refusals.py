"""Files that were refused: the reason, beside the raw copy of what came of them.

    refused/<date of the file's name>/<sha256 of the bytes>.json

The same bytes are written down once a date. Nobody reads these but people: a refused file is
asked for anew by the next run, and a good one in its place is taken as if it were the first.
"""

from __future__ import annotations

import json

from canasta.errors import Arrived, CanastaError
from canasta.ingest.lake import Lake

FOLDER = "refused"


def refuse(lake: Lake, arrived: Arrived, error: CanastaError) -> None:
    """Keep what came of a file, and why it was refused."""
    sha256 = lake.received.keep(arrived.content)
    record = {
        "url": arrived.url,
        "bytes": len(arrived.content),
        "error": type(error).__name__,
        "reason": str(error),
    }
    content = json.dumps(record, ensure_ascii=False, indent=1).encode() + b"\n"
    lake.store.write_once(f"{FOLDER}/{arrived.date}/{sha256}.json", content)
