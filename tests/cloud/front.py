"""An API Gateway that answers, set up by what Terraform made: its routes, stage and settings."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import httpx

from canasta.settings import ROOT
from tests.cloud.emulators import CREDENTIALS, client

ENTRY = """import sys
sys.path[:0] = {path!r}
from {module} import {name} as handler
"""
"""The function's code: the packages of the image, and the handler that the image names."""


@dataclass(frozen=True)
class Front:
    """Where requests go.

    Attributes:
        url: of ministack.
        api: the API's id.
        stage: its stage.
    """

    url: str
    api: str
    stage: str

    def ask(self, method: str, path: str, **more: Any) -> httpx.Response:
        """Send a request to the stage as the world would, by the API's own host name."""
        headers = {"Host": f"{self.api}.execute-api.localhost", **more.pop("headers", {})}
        return httpx.request(
            method, f"{self.url}/{self.stage}{path}", headers=headers, timeout=30, **more
        )


def mirrored(aws: str, front: str, function: str, alias: str) -> Front:
    """Set up at `front` what stands at `aws` under the name of `function`.

    Args:
        aws: URL of the emulator that Terraform was applied to.
        front: URL of the emulator that answers requests.
        function: name of the function, and of the API.
        alias: the alias of the function that the API calls.
    """
    gateway = client("apigatewayv2", aws)
    (api,) = [one for one in gateway.get_apis()["Items"] if one["Name"] == function]
    (stage,) = gateway.get_stages(ApiId=api["ApiId"])["Items"]
    (integration,) = gateway.get_integrations(ApiId=api["ApiId"])["Items"]
    calls = f"function:{function}:{alias}/invocations"
    if not integration["IntegrationUri"].endswith(calls):
        raise ValueError(f"Expected the API to call {calls}, got {integration['IntegrationUri']}")
    settings = client("lambda", aws).get_function(FunctionName=function, Qualifier=alias)
    target = _function(front, settings["Configuration"], aws)
    routes = [one["RouteKey"] for one in gateway.get_routes(ApiId=api["ApiId"])["Items"]]
    made = _api(front, target, routes, stage["StageName"], integration["PayloadFormatVersion"])
    return Front(front, made, stage["StageName"])


def _function(front: str, settings: Mapping[str, Any], aws: str) -> str:
    (handler,) = settings["ImageConfigResponse"]["ImageConfig"]["Command"]
    made = client("lambda", front).create_function(
        FunctionName=settings["FunctionName"],
        Runtime="python3.12",
        Role=settings["Role"],
        Handler="entry.handler",
        Code={"ZipFile": _code(handler)},
        Timeout=settings["Timeout"],
        MemorySize=settings["MemorySize"],
        # As applied; and the way to the lake, which in AWS needs no words.
        Environment={
            "Variables": {
                **settings["Environment"]["Variables"],
                **CREDENTIALS,
                "AWS_ENDPOINT_URL_S3": aws,
            }
        },
    )
    return str(made["FunctionArn"])


def _code(handler: str) -> bytes:
    module, _, name = handler.rpartition(".")
    path = [str(ROOT / ".venv-lambda" / "task"), str(ROOT)]
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        archive.writestr("entry.py", ENTRY.format(path=path, module=module, name=name))
    return packed.getvalue()


def _api(front: str, target: str, routes: list[str], stage: str, payload: str) -> str:
    gateway = client("apigatewayv2", front)
    api = gateway.create_api(Name="canasta", ProtocolType="HTTP")["ApiId"]
    integration = gateway.create_integration(
        ApiId=api,
        IntegrationType="AWS_PROXY",
        IntegrationUri=target,
        PayloadFormatVersion=payload,
    )["IntegrationId"]
    for route in routes:
        gateway.create_route(ApiId=api, RouteKey=route, Target=f"integrations/{integration}")
    gateway.create_stage(ApiId=api, StageName=stage, AutoDeploy=True)
    return str(api)
