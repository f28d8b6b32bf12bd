"""The application for a WSGI server: `deployment.wsgi:application()`."""

from __future__ import annotations

from flask import Flask

from canasta.errors import CanastaError
from canasta.settings import read_settings
from deployment.app import logs
from deployment.app.application import create_app
from deployment.app.lake import open_lake
from deployment.app.reload_call import ReloadCall
from deployment.app.serving import Serving

SERVING = "canasta.serving"
"""Where the application keeps its Serving, under `extensions`."""


def application() -> Flask:
    """Build the application from the settings; nothing is loaded before its Serving starts.

    Logs go to standard output from here on. Call it before workers are forked, so that they
    share a ReloadCall.

    Raises:
        SystemExit: a setting cannot be used; one sentence says which.
    """
    logs.configure()
    try:
        settings = read_settings()
        lake, traits = open_lake(settings.lake), settings.load_traits()
        serving = Serving(lake, traits, call=ReloadCall(), warm_what_ifs=True)
        app = create_app(settings, serving)
    except CanastaError as error:
        raise SystemExit(str(error)) from None
    app.extensions[SERVING] = serving
    return app


def serving_of(app: Flask) -> Serving:
    """Return the Serving of an application that `application` built."""
    serving: Serving = app.extensions[SERVING]
    return serving
