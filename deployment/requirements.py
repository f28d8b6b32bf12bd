"""`python -m deployment.requirements`: writes what each image installs, from Pipfile.lock.

An image installs what its application needs and nothing else, in the versions and with the hashes
of the lock file. Which package needs which is asked of the installed packages themselves.
"""

from __future__ import annotations

import json
from importlib.metadata import requires
from typing import Any

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from canasta.settings import ROOT

APPLICATION = (
    "flask", "numpy", "pydantic", "python-dateutil", "python-dotenv", "treelite", "tzdata",
)  # fmt: skip
"""What it needs wherever it runs; tzdata, since a base image may know no time zones."""

FUNCTION = (*APPLICATION, "apig-wsgi")
"""What the Lambda function imports. boto3 comes with AWS's base image."""

BASE = ("boto3",)
"""What AWS's base image brings of that, for where there is none."""

SERVER = (*APPLICATION, "boto3", "flask-limiter", "gunicorn", "prometheus-client", "redis")
"""What the API under gunicorn imports."""

FILES = {
    ROOT / "deployment" / "aws_lambda" / "requirements.txt": FUNCTION,
    ROOT / "deployment" / "aws_lambda" / "base.txt": BASE,
    ROOT / "deployment" / "requirements.txt": SERVER,
}

HEAD = "# From Pipfile.lock by `python -m deployment.requirements`; not to be edited by hand.\n"


def main() -> None:
    """Write the files."""
    locked = json.loads((ROOT / "Pipfile.lock").read_text(encoding="utf-8"))["default"]
    for file, roots in FILES.items():
        file.write_text(text(roots, locked), encoding="utf-8")
        print(f"{file.relative_to(ROOT)}: {len(needed(roots))} packages")


def text(roots: tuple[str, ...], locked: dict[str, Any]) -> str:
    """Return the requirements file of `roots` and all that they need.

    Args:
        roots: names of packages.
        locked: the default section of Pipfile.lock.

    Raises:
        KeyError: a package is not locked.
    """
    return HEAD + "".join(_entry(name, locked[name]) for name in sorted(needed(roots)))


def needed(roots: tuple[str, ...]) -> set[str]:
    """Return the names of `roots` and of all that they need here, as installed."""
    found: set[str] = set()
    waiting = list(roots)
    while waiting:
        name = canonicalize_name(waiting.pop())
        if name not in found:
            found.add(name)
            waiting += _asked_for(name)
    return found


def _asked_for(name: str) -> list[str]:
    asked = [Requirement(line) for line in requires(name) or ()]
    return [one.name for one in asked if one.marker is None or one.marker.evaluate({"extra": ""})]


def _entry(name: str, locked: dict[str, Any]) -> str:
    hashes = "".join(f" \\\n    --hash={one}" for one in sorted(locked["hashes"]))
    return f"{name}{locked['version']}{hashes}\n"


if __name__ == "__main__":
    main()
