"""Print the event by which API Gateway would ask a function for a price; iac/deliver sends it.

It is a request to `POST /predict` in payload format 2.0, with the key of SMOKE_API_KEY and the body
of SMOKE_REQUEST, or of request.json. They come by variables: everybody on a machine can read
arguments. It runs on any Python 3, without packages.
"""

import json
import os
from pathlib import Path
from typing import Any

STAGE = "default"


def event(key: str, body: str) -> dict[str, Any]:
    """Return the event of a request that sends `body` with `key`."""
    path = f"/{STAGE}/predict"
    return {
        "version": "2.0",
        "routeKey": "POST /predict",
        "rawPath": path,
        "rawQueryString": "",
        "headers": {
            "content-type": "application/json",
            "host": "localhost",
            "x-api-key": key,
            "x-forwarded-port": "443",
            "x-forwarded-proto": "https",
        },
        "requestContext": {
            "http": {
                "method": "POST",
                "path": path,
                "protocol": "HTTP/1.1",
                "sourceIp": "127.0.0.1",
            },
            "requestId": "before-it-is-live",
            "routeKey": "POST /predict",
            "stage": STAGE,
        },
        "body": body,
        "isBase64Encoded": False,
    }


if __name__ == "__main__":
    usual = Path(__file__).with_name("request.json").read_text(encoding="utf-8")
    asked = os.environ.get("SMOKE_REQUEST") or usual
    print(json.dumps(event(os.environ.get("SMOKE_API_KEY", "none"), asked)))
