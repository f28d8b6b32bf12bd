"""The function itself, `deployment.aws_lambda.function.handler`.

Lambda imports this module once, as its initial phase, and then calls `handler` with each event:
so, as an entry point, it is built here and now.
"""

from __future__ import annotations

from datetime import timedelta

from canasta.settings import NO_LIMIT, read_settings
from deployment.app import logs
from deployment.app.application import create_app
from deployment.app.lake import open_lake
from deployment.app.serving import EMPTY_S, OLD, Serving
from deployment.aws_lambda.handler import make_handler

logs.configure()
# The stage of the API limits: what one instance of many counts says nothing.
_settings = read_settings().model_copy(update={"rate_limit": NO_LIMIT})
_serving = Serving(open_lake(_settings.lake), _settings.load_traits())
_app = create_app(_settings, _serving, operated=False)
_serving.refresh()


def _look() -> None:
    """Look at the pointer where the last look is old: sooner while there is nothing to serve."""
    _serving.refresh_if_old(timedelta(seconds=EMPTY_S) if _serving.live is None else OLD)


handler = make_handler(_app, _look)
