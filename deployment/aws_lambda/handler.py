"""From an API Gateway event to the application and back.

The events are those of an HTTP API, payload format 2.0
(https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-develop-integrations-lambda.html).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Any
from urllib.parse import quote, unquote_to_bytes

from apig_wsgi import make_lambda_handler

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

RESERVED = "!#$%&'()*+,/:;=?@[]~"
"""What stands for itself in a query that is encoded already."""

type Event = dict[str, Any]
type Handler = Callable[[Event, object], dict[str, Any]]


def make_handler(app: WSGIApplication, refresh: Callable[[], object]) -> Handler:
    """Return what Lambda calls with each event.

    Args:
        app: answers the requests.
        refresh: is called before each, since no thread lives between two invocations.
    """
    answer = make_lambda_handler(below_its_stage(app))

    def handler(event: Event, context: object) -> dict[str, Any]:
        refresh()
        return answer(event, context)

    return handler


def below_its_stage(app: WSGIApplication) -> WSGIApplication:
    """Return `app` with the name of the API's stage moved from the path into SCRIPT_NAME.

    A path begins with its stage's name unless the stage is $default, or a domain name of its own
    leads to it. The application then sees the same paths everywhere, and its redirects lead to
    where it lies. The API's number of the request becomes the application's, unless the sender
    gave one.
    """

    def answer(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        request = environ["apig_wsgi.request_context"]
        prefix, path = f"/{request['stage']}", _path(environ["apig_wsgi.full_event"])
        environ["QUERY_STRING"] = quote(environ["QUERY_STRING"], safe=RESERVED)
        if path == prefix or path.startswith(f"{prefix}/"):
            environ["SCRIPT_NAME"] = prefix
            path = path.removeprefix(prefix) or "/"
        environ["PATH_INFO"] = path
        environ.setdefault("HTTP_X_REQUEST_ID", request.get("requestId", ""))
        return app(environ, start_response)

    return answer


def _path(event: Event) -> str:
    """Return an event's path as WSGI has it: its bytes as if they were Latin-1.

    API Gateway hands paths over decoded, which apig-wsgi does not expect.
    """
    return unquote_to_bytes(event["rawPath"]).decode("latin-1")
