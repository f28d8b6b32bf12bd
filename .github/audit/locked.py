"""Print Pipfile.lock as pip's requirements, each with its hashes, for pip-audit to read."""

import json
from pathlib import Path

LOCK = Path(__file__).resolve().parents[2] / "Pipfile.lock"

if __name__ == "__main__":
    lock = json.loads(LOCK.read_text(encoding="utf-8"))
    for name, pinned in sorted({**lock["develop"], **lock["default"]}.items()):
        hashes = "".join(f" \\\n    --hash={one}" for one in pinned["hashes"])
        marker = f" ; {pinned['markers']}" if "markers" in pinned else ""
        print(f"{name}{pinned['version']}{marker}{hashes}")
