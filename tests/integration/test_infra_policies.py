"""What an environment's own plan permits: Terraform plans it here, with a mocked provider."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import boto3
import pytest

from canasta.commodity import Commodity, load_traits
from canasta.settings import ROOT
from canasta.store import store_for
from deployment.app.following import Follower
from deployment.app.lake import FolderLake, Lake, Seen
from tests.panels import simulated_panel
from tests.planned_policies import (
    GITHUB,
    ROUTES,
    UNSCOPED,
    Resource,
    allowed,
    openings,
    planned,
    statements,
    wildcards,
)
from tests.promoted_lake import PromotedLake, quick_champion

FUNCTION = "module.iam.aws_iam_role_policy.function"
PIPELINE = "module.iam.aws_iam_policy.pipeline"
DEPLOY = "module.github_oidc[0].aws_iam_role_policy.deploy"

pytestmark = pytest.mark.infra


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of iac/ that Terraform may write into."""
    copy = tmp_path_factory.mktemp("terraform") / "iac"
    shutil.copytree(ROOT / "iac", copy, ignore=shutil.ignore_patterns(".terraform"))
    plugins = os.environ["TERRAFORM_PLUGIN_DIR"]  # iac/validate names it
    terraform(copy, "init", "-backend=false", "-input=false", f"-plugin-dir={plugins}")
    return copy


def terraform(folder: Path, *arguments: str) -> str:
    environment = {k: v for k, v in os.environ.items() if k != "TF_CLI_CONFIG_FILE"}
    done = subprocess.run(
        ["terraform", *arguments],
        cwd=folder,
        env={**environment, "CHECKPOINT_DISABLE": "true"},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.fixture(scope="module", params=["staging", "prod"])
def environment(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture(scope="module")
def changes(folder: Path, environment: str) -> list[dict[str, Any]]:
    told = terraform(
        folder,
        *("test", "-json", "-verbose", "-test-directory=tests/plan"),
        f"-var-file=envs/{environment}.tfvars",
    )
    lines: list[dict[str, Any]] = [json.loads(line) for line in told.splitlines()]
    return next(line["test_plan"]["resource_changes"] for line in lines if "test_plan" in line)


@pytest.fixture(scope="module")
def plan(changes: list[dict[str, Any]]) -> list[Resource]:
    return planned(changes)


def lake(environment: str, key: str = "") -> str:
    return f"arn:aws:s3:::canasta-milk-{environment}-lake-123456789012{key}"


def every_s3_action() -> list[str]:
    """Each operation of S3's own model, as an action; most actions bear its name."""
    client = boto3.client(
        "s3", region_name="us-east-1", aws_access_key_id="", aws_secret_access_key=""
    )
    return [f"s3:{name}" for name in client.meta.service_model.operation_names]


def test_no_action_is_a_wildcard_and_every_resource_is_named(plan: list[Resource]) -> None:
    assert list(wildcards(plan)) == []


def test_each_exception_is_needed(plan: list[Resource]) -> None:
    everywhere = {one for found in statements(plan) if "*" in found.resources
                  and found.effect == "Allow" for one in found.actions}  # fmt: skip
    assert everywhere == set(UNSCOPED)


def test_nothing_is_open_to_the_world_but_the_stage(plan: list[Resource]) -> None:
    assert list(openings(plan)) == []
    routes = {one.values["route_key"] for one in plan if one.kind == "aws_apigatewayv2_route"}
    assert routes == ROUTES


class Watched:
    """A lake that notes what is read of it."""

    def __init__(self, lake: Lake) -> None:
        self._lake = lake
        self.url = lake.url
        self.keys: set[str] = set()

    def read(self, key: str) -> bytes:
        self.keys.add(key)
        return self._lake.read(key)

    def look(self, key: str, known: str | None, *, quick: bool = False) -> Seen | None:
        self.keys.add(key)
        return self._lake.look(key, known, quick=quick)


def test_the_function_may_read_all_that_serving_reads(
    plan: list[Resource], environment: str, tmp_path: Path, milk: Commodity
) -> None:
    panel = simulated_panel(milk, 65)
    promoted = PromotedLake(store_for(str(tmp_path)))
    for version in (1, 2):
        champion, outlook = quick_champion(panel, seed=version)
        promoted.promote(version, champion, panel, outlook)
    (tmp_path / "lake.json").write_text('{"commodity": "milk", "source": "simulated"}')
    watched = Watched(FolderLake(tmp_path))
    assert Follower(watched, load_traits("milk")).follow().problem is None
    for trees in (tmp_path / "bundles" / "2").glob("*.treelite"):
        trees.unlink()  # the way back to version 1 begins in the decisions
    live = Follower(watched, load_traits("milk")).follow().live
    assert live is not None
    assert live.predictor_model.version == 1
    assert {key.split("/")[0] for key in watched.keys} >= {"decisions", "lake.json"}
    for key in watched.keys:
        assert allowed(plan, FUNCTION, "s3:GetObject", lake(environment, f"/lake/{key}")), key


def test_the_function_cannot_write_the_lake_nor_read_the_rest_of_it(
    plan: list[Resource], environment: str
) -> None:
    places = [lake(environment), lake(environment, "/lake/promoted/daily_model.json"),
              lake(environment, "/lake/raw/x"), lake(environment, "/elsewhere")]  # fmt: skip
    found = {
        (action, place)
        for action in every_s3_action()
        for place in places
        if allowed(plan, FUNCTION, action, place)
    }
    assert found == {("s3:GetObject", places[1])}
    assert allowed(plan, FUNCTION, "s3:ListBucket", places[0])


def test_no_role_reaches_another_bucket(plan: list[Resource]) -> None:
    for address in (FUNCTION, PIPELINE, DEPLOY):
        for action in (*every_s3_action(), "s3:ListBucket"):
            for place in ("arn:aws:s3:::another", "arn:aws:s3:::another/lake/promoted/x"):
                assert not allowed(plan, address, action, place), (address, action)


def test_the_deploy_role_is_for_one_branch_and_environment_of_one_repository(
    plan: list[Resource], environment: str
) -> None:
    (trust,) = [one for one in statements(plan) if "sts:AssumeRoleWithWebIdentity" in one.actions]
    assert trust.condition == {
        "StringEquals": {
            f"{GITHUB}:aud": "sts.amazonaws.com",
            f"{GITHUB}:sub": f"repo:owner/canasta:environment:{environment}",
            f"{GITHUB}:ref": "refs/heads/main",
        }
    }


CALLED = {"invoke": "InvokeFunction", "get-login-password": "GetAuthorizationToken",
          "wait": "GetFunctionConfiguration"}  # fmt: skip
"""The calls of the AWS command line that do not bear their action's name."""


def test_the_deploy_role_may_do_all_that_a_delivery_does(
    plan: list[Resource], environment: str
) -> None:
    here = "us-east-1:123456789012"
    places = {
        "ecr": [f"arn:aws:ecr:{here}:repository/canasta-milk-{environment}"],
        "lambda": [f"arn:aws:lambda:{here}:function:canasta-milk-{environment}{end}"
                   for end in ("", ":7")],
    }  # fmt: skip
    script = (ROOT / "iac" / "deliver").read_text(encoding="utf-8")
    calls = {*re.findall(r"aws (ecr|lambda) ([a-z-]+)", script), ("ecr", "describe-images")}
    assert len(calls) > 8
    for service, call in sorted(calls):
        action = f"{service}:{CALLED.get(call, call.title().replace('-', ''))}"
        for place in places[service]:
            assert allowed(plan, DEPLOY, action, place), action


def test_a_function_whose_name_begins_like_ours_fetches_no_image(plan: list[Resource]) -> None:
    (fetching,) = [one for one in statements(plan) if "ecr:BatchGetImage" in one.actions
                   and one.principal]  # fmt: skip
    (ours,) = [one.values["function_name"] for one in plan if one.kind == "aws_lambda_function"]
    arn = f"arn:aws:lambda:us-east-1:123456789012:function:{ours}"
    comes = {end: fetching.holds({"aws:SourceArn": arn + end}) for end in ("", ":7", "-2", "-2:7")}
    assert comes == {"": True, ":7": True, "-2": False, "-2:7": False}


def test_a_plan_shows_every_setting_but_the_keys(changes: list[dict[str, Any]]) -> None:
    (function,) = [one["change"] for one in changes if one["type"] == "aws_lambda_function"]
    assert function["after_sensitive"]["environment"] == [{"variables": {"API_KEY_HASHES": True}}]
    assert "description" not in function["after_sensitive"]


def test_the_function_runs_by_digest_and_is_asked_for_a_key(plan: list[Resource]) -> None:
    (function,) = [one.values for one in plan if one.kind == "aws_lambda_function"]
    assert function["image_uri"].endswith("@sha256:" + "0" * 64)
    assert function["environment"][0]["variables"]["AUTH"] == "key"
