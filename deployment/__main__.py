"""`python -m deployment`: the API under gunicorn, and where it answers."""

from __future__ import annotations

import os
import sys

from canasta.errors import CanastaError
from canasta.registry.pointer import POINTER
from canasta.settings import ROOT, Settings, read_settings
from deployment.app.lake import open_lake

GUNICORN = (sys.executable, "-m", "gunicorn", "--config", "deployment/gunicorn.conf.py")


def main() -> None:
    """Say what is served where, and become gunicorn; a setting that is wrong is one sentence."""
    try:
        settings = read_settings()
    except CanastaError as error:
        sys.exit(str(error))
    print(_promoted(settings))
    if "auth" not in settings.model_fields_set and settings.is_loopback:
        os.environ["AUTH"] = "open"  # nobody else reaches it
    url = f"http://{settings.address}"
    print(f"Serving at {url}, to try at {url}/docs. Ctrl-C ends.", flush=True)
    os.chdir(ROOT)
    os.execv(GUNICORN[0], GUNICORN)  # noqa: S606 # no shell: signals reach gunicorn itself


def _promoted(settings: Settings) -> str:
    lake = open_lake(settings.lake)
    try:
        lake.read(POINTER)
    except KeyError:
        return (
            f"Nothing is promoted in {lake.url} yet, so predictions answer 503. Run `make daily` "
            "with the same LAKE_URL: what it promotes is served within a minute."
        )
    except CanastaError as error:
        return f"{error} Until then predictions answer 503."
    return f"What is promoted in {lake.url} is served; what will be, within a minute."


if __name__ == "__main__":
    main()
