"""The judge of plans, on plans that are wrong on purpose."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.planned_policies import Resource, allowed, openings, planned, wildcards

STAGE = Resource("stage", "aws_apigatewayv2_stage", {"name": "default"})


def with_policy(*statements: dict[str, Any], kind: str = "aws_iam_role_policy") -> Resource:
    return Resource("policy", kind, {"policy": json.dumps({"Statement": list(statements)})})


def allow(action: str | list[str], resource: str | list[str] = "*", **more: Any) -> dict[str, Any]:
    return {"Sid": "Wrong", "Effect": "Allow", "Action": action, "Resource": resource, **more}


@pytest.mark.parametrize("action", ["*", "s3:*", "s3:Get*", "s3:GetObjec?"])
def test_an_action_with_a_wildcard_is_found(action: str) -> None:
    found = list(wildcards([with_policy(allow(action, "arn:aws:s3:::lake/*"))]))
    assert found == [f"policy, statement Wrong of its policy allows {action}"]


def test_every_resource_is_found_but_for_what_aws_does_not_scope() -> None:
    assert list(wildcards([with_policy(allow(["xray:PutTraceSegments"]))])) == []
    mixed = with_policy(allow(["xray:PutTraceSegments", "s3:GetObject"], ["*"]))
    assert list(wildcards([mixed])) == [
        "policy, statement Wrong of its policy allows s3:GetObject on every resource"
    ]


def test_a_denial_may_name_everything() -> None:
    denial = {"Effect": "Deny", "Action": "s3:*", "Resource": "*", "Principal": "*"}
    assert list(wildcards([with_policy(denial)])) == []
    assert list(openings([with_policy(denial, kind="aws_s3_bucket_policy"), STAGE])) == []


@pytest.mark.parametrize("principal", ["*", {"AWS": "*"}, {"AWS": ["arn:aws:iam::1:root", "*"]}])
def test_a_policy_that_lets_anybody_in_is_found(principal: Any) -> None:
    bucket = with_policy(allow("s3:GetObject", Principal=principal), kind="aws_s3_bucket_policy")
    assert any("lets anybody in" in one for one in openings([bucket, STAGE]))


def test_a_service_has_to_say_for_whom_it_comes() -> None:
    alone = allow("sns:Publish", Principal={"Service": "cloudwatch.amazonaws.com"})
    bound = {**alone, "Condition": {"StringEquals": {"aws:SourceAccount": "123456789012"}}}
    loose = {**alone, "Condition": {"StringLike": {"aws:SourceAccount": "*"}}}
    for statement, count in ((alone, 1), (bound, 0), (loose, 1)):
        policy = with_policy(statement, kind="aws_sns_topic_policy")
        assert len(list(openings([policy, STAGE]))) == count


@pytest.mark.parametrize(
    ("kind", "values"),
    [
        ("aws_apigatewayv2_route", {"route_key": "GET /metrics"}),
        ("aws_apigatewayv2_route", {"route_key": "$default"}),
        ("aws_lambda_permission", {"principal": "*", "source_arn": "arn:aws:x/default/*"}),
        ("aws_lambda_permission", {"principal": "apigateway.amazonaws.com", "source_arn": None}),
        ("aws_lambda_function_url", {"authorization_type": "NONE"}),
        ("aws_s3_bucket_acl", {"acl": "public-read"}),
        ("aws_apigatewayv2_stage", {"name": "another"}),
        ("aws_s3_bucket", {"bucket": "whose public access nobody blocks"}),
    ],
)
def test_what_is_open_besides_the_stage_is_found(kind: str, values: dict[str, Any]) -> None:
    assert len(list(openings([Resource("it", kind, values), STAGE]))) == 1


def test_a_bucket_that_blocks_the_public_by_half_is_found() -> None:
    names = ("block_public_acls", "block_public_policy", "ignore_public_acls")
    values = {**dict.fromkeys(names, True), "restrict_public_buckets": False}
    resources = [
        Resource("bucket", "aws_s3_bucket", {}),
        Resource("block", "aws_s3_bucket_public_access_block", values),
        STAGE,
    ]
    assert list(openings(resources)) == ["block leaves a way to the public"]


def test_a_policy_that_is_not_known_yet_is_an_error() -> None:
    with pytest.raises(ValueError, match="not known in the plan"):
        list(wildcards([Resource("late", "aws_iam_role_policy", {})]))


def test_a_statement_of_what_is_not_meant_is_an_error() -> None:
    negative = {"Effect": "Allow", "NotAction": "iam:*", "Resource": "*"}
    with pytest.raises(ValueError, match="nobody can judge"):
        list(wildcards([with_policy(negative)]))


def test_what_a_policy_allows_is_told_as_aws_would() -> None:
    resources = [with_policy(allow(["s3:Get*"], "arn:aws:s3:::lake/lake/promoted/*"))]
    for action, key, expected in (
        ("s3:GetObject", "lake/promoted/daily_model.json", True),
        ("s3:getobject", "lake/promoted/daily_model.json", True),
        ("s3:PutObject", "lake/promoted/daily_model.json", False),
        ("s3:GetObject", "lake/raw/x", False),
    ):
        assert allowed(resources, "policy", action, f"arn:aws:s3:::lake/{key}") is expected
    with pytest.raises(ValueError, match="no policy"):
        allowed(resources, "another", "s3:GetObject", "arn:aws:s3:::lake/x")


def test_what_a_plan_destroys_does_not_count() -> None:
    change = {"address": "a", "type": "aws_s3_bucket", "mode": "managed", "change": {"after": None}}
    assert planned([change]) == []
