"""`make infra-emulated`: bring staging up, plan again, ask for a price, tear down; with times."""

from __future__ import annotations

import hashlib
import json
import os
import secrets
import shutil
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from http import HTTPStatus
from pathlib import Path

from canasta.commodity import load_commodity
from canasta.store import store_for
from deployment.aws_lambda.emulate import EVENTS
from tests.cloud.emulators import CREDENTIALS, NotStarted, client, ministack, moto
from tests.cloud.front import Front, mirrored
from tests.cloud.processes import NotEnded, stoppable
from tests.cloud.staging import Failed, Staging
from tests.panels import simulated_panel
from tests.planned_policies import openings, wildcards
from tests.promoted_lake import PromotedLake, quick_champion

NOTHING = "sha256:" + "0" * 64


def main() -> int:
    """Do all of it; return the exit code."""
    if shutil.which("terraform") is None:
        print("Terraform is missing: 1.11 or newer is needed (iac/README.md).", file=sys.stderr)
        return 69
    began = time.monotonic()
    try:
        with stoppable(), tempfile.TemporaryDirectory(prefix="canasta-cloud-") as folder:
            _from_nothing_to_nothing(Path(folder))
    except (Failed, NotStarted, NotEnded, AssertionError) as error:
        print(error, file=sys.stderr)
        return 1
    except SystemExit as stopped:
        print("Stopped before the end; nothing is left running.", file=sys.stderr)
        return int(stopped.code or 0)
    print(f"Nothing is left running. All of it: {time.monotonic() - began:.0f} s.")
    return 0


def _from_nothing_to_nothing(folder: Path) -> None:
    key = secrets.token_hex(32)
    print("Resources: moto, by the real provider. Requests: ministack's API Gateway.")
    with moto(folder / "moto.log") as aws:
        staging = Staging.copied(folder / "iac", aws, hashlib.sha256(key.encode()).hexdigest())
        digest = _brought_up(staging)
        with _timed("second plan: no change, nothing open but the stage"):
            standing = staging.plan(digest)
            wrong = [*wildcards(standing), *openings(standing)]
            assert not wrong, wrong
        _asked(staging, key, folder / "ministack.log")
        with _timed("destroy"):  # where something failed, all goes with moto
            staging.destroy()
        left = staging.held()
        assert not left, f"destroy left {left}"


def _brought_up(staging: Staging) -> str:
    with _timed("bootstrap: the bucket of states"):
        staging.bootstrap()
    with _timed("apply, first stage: the repository"):
        staging.apply(NOTHING, "-target=module.ecr")
    digest = _pushed(staging.url)
    with _timed("apply, second stage: all the rest"):
        staging.apply(digest)
    print(f"   {len(staging.held())} resources, with the image {digest[:19]}…")
    return digest


def _pushed(aws: str) -> str:
    """Put an image's manifest, without layers, into the one repository; return its digest."""
    registry = client("ecr", aws)
    (repository,) = registry.describe_repositories()["repositories"]
    kind = "application/vnd.docker.distribution.manifest.v2+json"
    manifest = {"schemaVersion": 2, "mediaType": kind, "config": {}, "layers": []}
    pushed = registry.put_image(
        repositoryName=repository["repositoryName"],
        imageManifest=json.dumps(manifest),
        imageTag="0" * 40,
    )
    return str(pushed["image"]["imageId"]["imageDigest"])


def _asked(staging: Staging, key: str, log: Path) -> None:
    with _timed("a champion into the lake that Terraform made"):
        _promote(staging.output("lake_url"), staging.url)
    with ministack(log) as url:
        function, alias = staging.output("function_name"), staging.output("alias")
        front = mirrored(staging.url, url, function, alias)
        try:
            with _timed("predictions through ministack's API Gateway"):
                _expect_a_price(front, key)
        except AssertionError as error:
            raise AssertionError(f"{error}\n{log.read_text(errors='replace')[-3000:]}") from None


def _promote(lake_url: str, aws: str) -> None:
    os.environ.update({**CREDENTIALS, "AWS_ENDPOINT_URL": aws})
    panel = simulated_panel(load_commodity("milk"), 90)
    made, outlook = quick_champion(panel)
    PromotedLake(store_for(lake_url)).promote(3, made, panel, outlook)


def _expect_a_price(front: Front, key: str) -> None:
    earlier = json.loads((EVENTS / "predict-stage.json").read_text(encoding="utf-8"))["body"]
    series = {name: json.loads(earlier)[name] for name in ("Estado", "Ciudad", "Tipo", "Canal")}
    known = {"X-API-Key": key}
    for name, body in (("the next price", series), ("the earlier system's", json.loads(earlier))):
        answer = front.ask("POST", "/predict", json=body, headers=known)
        assert answer.status_code == HTTPStatus.OK, (name, answer.status_code, answer.text)
        price = answer.json()["predicted_price"]
        assert price > 0, answer.text
        print(f"   POST /{front.stage}/predict ({name}): {price} MXN")
    for method, path, expected in (
        ("GET", "/health", HTTPStatus.OK),
        ("GET", "/openapi.json", HTTPStatus.OK),
        ("GET", "/metrics", HTTPStatus.NOT_FOUND),
        ("POST", "/admin/reload", HTTPStatus.NOT_FOUND),
    ):
        answer = front.ask(method, path, headers=known)
        assert answer.status_code == expected, (method, path, answer.status_code, answer.text)
    stranger = front.ask("POST", "/predict", json=series)
    assert stranger.status_code == HTTPStatus.UNAUTHORIZED, (stranger.status_code, stranger.text)
    print("   without a key 401; /metrics and /admin/reload 404; /health and /openapi.json 200")


@contextmanager
def _timed(what: str) -> Iterator[None]:
    began = time.monotonic()
    yield
    print(f"-- {what} ({time.monotonic() - began:.0f} s)", flush=True)


if __name__ == "__main__":
    sys.exit(main())
