"""The judge of plans, on plans that are wrong on purpose."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.planned_policies import (
    ACCOUNT,
    GITHUB,
    Resource,
    allowed,
    openings,
    planned,
    wildcards,
)

STAGE = Resource("stage", "aws_apigatewayv2_stage", {"name": "default"})
LAKE = f"arn:aws:s3:::canasta-lake-{ACCOUNT}"
FUNCTION = f"arn:aws:lambda:us-east-1:{ACCOUNT}:function:canasta"
CLAIMS = {
    f"{GITHUB}:aud": "sts.amazonaws.com",
    f"{GITHUB}:sub": "repo:owner/canasta:environment:staging",
    f"{GITHUB}:ref": "refs/heads/main",
}


def with_policy(*statements: dict[str, Any], kind: str = "aws_iam_role_policy") -> Resource:
    return Resource("policy", kind, {"policy": json.dumps({"Statement": list(statements)})})


def allow(action: str | list[str], resource: str | list[str] = "*", **more: Any) -> dict[str, Any]:
    return {"Sid": "Wrong", "Effect": "Allow", "Action": action, "Resource": resource, **more}


@pytest.mark.parametrize("action", ["*", "s3:*", "s3:Get*", "s3:GetObjec?"])
def test_an_action_with_a_wildcard_is_found(action: str) -> None:
    found = list(wildcards([with_policy(allow(action, f"{LAKE}/lake/*"))]))
    assert found == [f"policy, statement Wrong of its policy allows {action}"]


def test_every_resource_is_found_but_for_what_aws_does_not_scope() -> None:
    assert list(wildcards([with_policy(allow(["xray:PutTraceSegments"]))])) == []
    mixed = with_policy(allow(["xray:PutTraceSegments", "s3:GetObject"], ["*"]))
    assert list(wildcards([mixed])) == [
        "policy, statement Wrong of its policy allows s3:GetObject on every resource"
    ]


@pytest.mark.parametrize(
    "resource",
    [
        "arn:aws:s3:::*",
        "arn:aws:s3:::*/*",
        "arn:aws:s3:::canasta-*",
        "arn:aws:s3:::canasta-lake",  # whose?
        "arn:aws:s3:::canasta-lake-210987654321/lake/*",
        f"arn:aws:s3:::*-{ACCOUNT}",
        f"{LAKE}/*",
        f"{LAKE}/lake*",
        f"{LAKE}\n",
        f"{FUNCTION}*",
        f"arn:aws:lambda:*:{ACCOUNT}:function:canasta",
        f"arn:aws:lambda:us-east-1:{ACCOUNT}:function:*",
        "arn:aws:lambda:us-east-1:*:function:canasta",
        "arn:aws:lambda:us-east-1:210987654321:function:canasta",
        f"arn:aws:logs:us-east-1:{ACCOUNT}:*",
        f"arn:aws:ecr:us-east-1:{ACCOUNT}:repository/*",
        f"arn:aws:sns:us-east-1:{ACCOUNT}:canasta-?",
        f"arn:aws:iam::{ACCOUNT}:role/canasta",
    ],
)
def test_more_than_one_thing_of_ours_is_found(resource: str) -> None:
    found = list(wildcards([with_policy(allow("s3:GetObject", [f"{LAKE}/lake/*", resource]))]))
    assert found == [
        f"policy, statement Wrong of its policy allows s3:GetObject on {resource}, "
        "no one thing of ours"
    ]


@pytest.mark.parametrize(
    "resource",
    [
        LAKE,
        f"{LAKE}/lake/*",
        f"{LAKE}/lake/promoted/*",
        f"{LAKE}/lake/lake.json",
        FUNCTION,
        f"{FUNCTION}:*",
        f"arn:aws:logs:us-east-1:{ACCOUNT}:log-group:/aws/lambda/canasta:*",
        f"arn:aws:ecr:us-east-1:{ACCOUNT}:repository/canasta",
        f"arn:aws:sns:us-east-1:{ACCOUNT}:canasta-alarms",
    ],
)
def test_one_thing_of_ours_may_be_named(resource: str) -> None:
    assert list(wildcards([with_policy(allow("s3:GetObject", resource))])) == []


def test_a_denial_may_name_everything() -> None:
    denial = {"Effect": "Deny", "Action": "s3:*", "Resource": "*", "Principal": "*"}
    assert list(wildcards([with_policy(denial)])) == []
    assert list(openings([with_policy(denial, kind="aws_s3_bucket_policy"), STAGE])) == []


def trust(condition: dict[str, Any], **more: Any) -> list[Resource]:
    provider = {"Federated": f"arn:aws:iam::{ACCOUNT}:oidc-provider/{GITHUB}"}
    statement = allow("sts:AssumeRoleWithWebIdentity", [], Principal=provider, Condition=condition)
    return [with_policy({**statement, **more}), STAGE]


@pytest.mark.parametrize(
    "sub", [CLAIMS[f"{GITHUB}:sub"], "repo:owner@123456/canasta@456789:environment:prod"]
)
def test_a_repositorys_jobs_may_come_in_by_all_their_claims(sub: str) -> None:
    assert list(openings(trust({"StringEquals": {**CLAIMS, f"{GITHUB}:sub": sub}}))) == []


WRONG_TRUST = {
    "any repository": {"StringLike": {f"{GITHUB}:sub": "repo:*"}},
    "a pattern beside the rest": {
        "StringEquals": {key: CLAIMS[key] for key in CLAIMS if not key.endswith("sub")},
        "StringLike": {f"{GITHUB}:sub": "repo:owner/*"},
    },
    "no subject": {"StringEquals": {f"{GITHUB}:aud": "sts.amazonaws.com"}},
    "no branch": {"StringEquals": {key: CLAIMS[key] for key in CLAIMS if key[-3:] != "ref"}},
    "a negation": {"StringNotEquals": CLAIMS},
    "where it is there": {"StringEqualsIfExists": CLAIMS},
    "all of none": {"ForAllValues:StringEquals": CLAIMS},
    "one of two": {
        "StringEquals": {**CLAIMS, f"{GITHUB}:ref": ["refs/heads/main", "refs/heads/x"]}
    },
    "no value": {"StringEquals": {**CLAIMS, f"{GITHUB}:sub": []}},
    "one id of two": {
        "StringEquals": {**CLAIMS, f"{GITHUB}:sub": "repo:owner@1/canasta:environment:prod"}
    },
    "a branch's subject": {
        "StringEquals": {**CLAIMS, f"{GITHUB}:sub": "repo:owner/canasta:ref:refs/heads/main"}
    },
    "nothing": {},
}


@pytest.mark.parametrize("condition", WRONG_TRUST.values(), ids=WRONG_TRUST.keys())
def test_a_trust_that_says_too_little_is_found(condition: dict[str, Any]) -> None:
    (found,) = openings(trust(condition))
    assert found.endswith("in without saying for whom")


@pytest.mark.parametrize(
    "principal",
    [
        {"AWS": f"arn:aws:iam::{ACCOUNT}:root"},
        {"AWS": "arn:aws:iam::210987654321:root"},
        {"Federated": f"arn:aws:iam::210987654321:oidc-provider/{GITHUB}"},
        {"Federated": "cognito-identity.amazonaws.com"},
        {"Service": "lambda.amazonaws.com", "AWS": "arn:aws:iam::210987654321:root"},
    ],
)
@pytest.mark.parametrize(
    "condition",
    [
        {"StringEquals": {"aws:RequestedRegion": "us-east-1"}},
        {"StringEquals": {**CLAIMS, "aws:SourceAccount": ACCOUNT}},
    ],
)
def test_whoever_else_comes_is_found(principal: Any, condition: dict[str, Any]) -> None:
    (found,) = openings(trust(condition, Principal=principal))
    assert found.endswith("in without saying for whom")


@pytest.mark.parametrize("principal", ["*", {"AWS": "*"}, {"AWS": ["arn:aws:iam::1:root", "*"]}])
def test_a_policy_that_lets_anybody_in_is_found(principal: Any) -> None:
    bucket = with_policy(allow("s3:GetObject", Principal=principal), kind="aws_s3_bucket_policy")
    assert any("lets anybody in" in one for one in openings([bucket, STAGE]))


@pytest.mark.parametrize(
    ("condition", "wrong"),
    [
        ({}, 1),
        ({"StringEquals": {"aws:SourceAccount": ACCOUNT}}, 0),
        ({"StringEquals": {"aws:SourceAccount": "210987654321"}}, 1),
        ({"StringEquals": {"aws:SourceAccount": [ACCOUNT, "210987654321"]}}, 1),
        ({"StringEquals": {"aws:RequestedRegion": "us-east-1"}}, 1),
        ({"StringNotEquals": {"aws:SourceAccount": ACCOUNT}}, 1),
        ({"StringEqualsIfExists": {"aws:SourceAccount": ACCOUNT}}, 1),
        ({"StringLike": {"aws:SourceAccount": "*"}}, 1),
        ({"ArnEquals": {"aws:SourceArn": FUNCTION}}, 0),
        ({"ArnEquals": {"aws:SourceArn": f"{FUNCTION}*"}}, 1),
        ({"StringLike": {"aws:SourceArn": [FUNCTION, f"{FUNCTION}:*"]}}, 0),
        ({"StringLike": {"aws:SourceArn": f"{FUNCTION}*"}}, 1),
        ({"StringLike": {"aws:SourceArn": "arn:aws:lambda:us-east-1:*:function:canasta"}}, 1),
    ],
)
def test_a_service_has_to_say_for_whom_it_comes(condition: dict[str, Any], wrong: int) -> None:
    service = {"Service": "cloudwatch.amazonaws.com"}
    statement = allow("sns:Publish", Principal=service, Condition=condition)
    policy = with_policy(statement, kind="aws_sns_topic_policy")
    assert len(list(openings([policy, STAGE]))) == wrong


@pytest.mark.parametrize(
    ("kind", "values"),
    [
        ("aws_apigatewayv2_route", {"route_key": "GET /metrics"}),
        ("aws_apigatewayv2_route", {"route_key": "$default"}),
        ("aws_lambda_permission", {"principal": "*", "source_arn": "arn:aws:x/default/*"}),
        ("aws_lambda_permission", {"principal": "apigateway.amazonaws.com", "source_arn": None}),
        (
            "aws_lambda_permission",
            {
                "principal": "apigateway.amazonaws.com",
                "source_arn": "arn:aws:execute-api:us-east-1:210987654321:abc/default/*",
            },
        ),
        (
            "aws_lambda_permission",
            {
                "principal": "apigateway.amazonaws.com",
                "source_arn": f"arn:aws:execute-api:us-east-1:{ACCOUNT}:*/default/*",
            },
        ),
        ("aws_iam_openid_connect_provider", {"url": "the account's, so not an environment's"}),
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


PREFIX = {"StringLike": {"s3:prefix": ["lake", "lake/*"]}}


def listing(*statements: dict[str, Any], **context: str) -> bool:
    return allowed([with_policy(*statements)], "policy", "s3:ListBucket", LAKE, context)


def test_what_is_allowed_on_a_condition_is_allowed_where_it_holds() -> None:
    lists = allow("s3:ListBucket", LAKE, Condition=PREFIX)
    assert listing(lists, **{"s3:prefix": "lake/raw/"})
    assert not listing(lists, **{"s3:prefix": "lakes"})
    assert not listing(lists), "a listing of all has no prefix"
    with pytest.raises(ValueError, match="say in which context"):
        allowed([with_policy(lists)], "policy", "s3:ListBucket", LAKE)


def test_a_denial_outweighs_what_is_allowed() -> None:
    denial = {**allow("s3:*", LAKE, Condition=PREFIX), "Effect": "Deny"}
    assert listing(allow("s3:ListBucket", LAKE), denial, **{"s3:prefix": "elsewhere"})
    assert not listing(allow("s3:ListBucket", LAKE), denial, **{"s3:prefix": "lake"})


@pytest.mark.parametrize("operator", ["StringLikeIfExists", "StringNotEquals", "Null"])
def test_an_operator_that_is_not_judged_is_an_error(operator: str) -> None:
    with pytest.raises(ValueError, match=f"{operator}, which is not judged"):
        listing(allow("s3:ListBucket", LAKE, Condition={operator: {"s3:prefix": "lake"}}))


def test_a_bracket_in_an_arn_stands_for_itself() -> None:
    resources = [with_policy(allow("s3:GetObject", f"{LAKE}/[ab]?/*"))]
    for key, expected in (("[ab]c/x", True), ("ac/x", False), ("[ab]/x", False)):
        assert allowed(resources, "policy", "s3:GetObject", f"{LAKE}/{key}") is expected


def test_what_a_plan_destroys_does_not_count() -> None:
    change = {"address": "a", "type": "aws_s3_bucket", "mode": "managed", "change": {"after": None}}
    assert planned([change]) == []
