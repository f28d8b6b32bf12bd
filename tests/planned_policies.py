"""What is wrong with the permissions in a Terraform plan, before anything exists.

A plan is a list of resource changes, as `terraform show -json` and `terraform test -json -verbose`
print them. Policies are known in it, since ours are made from names, not from what AWS answers.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

ACCOUNT = "123456789012"
"""The account of every plan that is judged here: the mocked provider's, and the emulated AWS's."""

UNSCOPED = {
    "xray:PutTraceSegments": "X-Ray has no resources for traces",
    "xray:PutTelemetryRecords": "X-Ray has no resources for traces",
    "ecr:GetAuthorizationToken": "the token is for the account's whole registry",
}
"""Actions that AWS scopes to no resource, and why `*` stands there
(https://docs.aws.amazon.com/service-authorization/latest/reference/reference.html)."""

_HERE = rf"[a-z0-9-]+:{ACCOUNT}"  # a region, and our account
NAMED = re.compile(
    # A bucket, or what lies in a folder of it:
    rf"arn:aws:s3:::[a-z0-9-]+-{ACCOUNT}(/[a-z0-9-]+/([\w.-]+/)*([\w.-]+|\*))?"
    rf"|arn:aws:lambda:{_HERE}:function:[\w-]+(:\*)?"  # a function, its versions
    rf"|arn:aws:logs:{_HERE}:log-group:[\w/-]+:\*"  # a group's streams
    rf"|arn:aws:ecr:{_HERE}:repository/[a-z0-9][a-z0-9._/-]*"
    rf"|arn:aws:sns:{_HERE}:[\w-]+",
    re.ASCII,
)
"""One thing of our account, by its name. S3 names no account: there the bucket's name does."""

GITHUB = "token.actions.githubusercontent.com"
_REPOSITORY = r"[A-Za-z0-9-]+(/[\w.-]+|@[0-9]+/[\w.-]+@[0-9]+)"
CLAIMS = {
    f"{GITHUB}:aud": r"sts\.amazonaws\.com",
    f"{GITHUB}:sub": rf"repo:{_REPOSITORY}:environment:(staging|prod)",
    f"{GITHUB}:ref": r"refs/heads/main",
}
"""What a token of GitHub's has to say, each to the letter: one alone lets too many in."""

SERVICES = {
    ("StringEquals", "aws:SourceAccount"): ACCOUNT,
    ("StringEquals", "aws:SourceArn"): rf"arn:aws:[a-z0-9-]+:{_HERE}:[\w:/-]+",
    ("ArnEquals", "aws:SourceArn"): rf"arn:aws:[a-z0-9-]+:{_HERE}:[\w:/-]+",
    # The one pattern: Lambda comes for a version, and its number is not known beforehand.
    ("StringLike", "aws:SourceArn"): rf"arn:aws:lambda:{_HERE}:function:[\w-]+(:\*)?",
}
"""The conditions that bind a service of AWS's to our account, with what they must compare with."""

CALLER = rf"arn:aws:execute-api:{_HERE}:[a-z0-9]+/default/\*"
"""Who may call the function: the stage of one API, by any of its routes."""

ROUTES = frozenset(
    {
        "POST /predict", "GET /forecasts", "GET /series", "GET /model", "GET /health",
        "GET /ready", "GET /openapi.json", "GET /docs", "GET /",
    }
)  # fmt: skip
"""All that the world may ask."""

QUIET = frozenset(
    {
        "aws_apigatewayv2_api", "aws_apigatewayv2_integration", "aws_apigatewayv2_route",
        "aws_apigatewayv2_stage", "aws_cloudwatch_log_group", "aws_cloudwatch_metric_alarm",
        "aws_ecr_lifecycle_policy", "aws_ecr_repository", "aws_ecr_repository_policy",
        "aws_iam_policy", "aws_iam_role", "aws_iam_role_policy", "aws_lambda_alias",
        "aws_lambda_function", "aws_lambda_permission", "aws_s3_bucket",
        "aws_s3_bucket_lifecycle_configuration", "aws_s3_bucket_ownership_controls",
        "aws_s3_bucket_policy", "aws_s3_bucket_public_access_block",
        "aws_s3_bucket_server_side_encryption_configuration", "aws_s3_bucket_versioning",
        "aws_sns_topic", "aws_sns_topic_policy", "aws_sns_topic_subscription",
    }
)  # fmt: skip
"""Kinds of resources that were looked at: each opens nothing, or is judged here. A new kind (a
function's URL, another bucket's ACL) has to be looked at first."""

POLICIES = {
    "aws_ecr_repository_policy": "policy",
    "aws_iam_policy": "policy",
    "aws_iam_role": "assume_role_policy",
    "aws_iam_role_policy": "policy",
    "aws_s3_bucket_policy": "policy",
    "aws_sns_topic_policy": "policy",
}
"""Where each kind of resource holds its policy."""


@dataclass(frozen=True)
class Resource:
    """One resource as planned."""

    address: str
    kind: str
    values: dict[str, Any]


@dataclass(frozen=True)
class Statement:
    """One statement of a policy, its single values as lists."""

    where: str
    effect: str
    actions: tuple[str, ...]
    resources: tuple[str, ...]
    principal: Any
    condition: dict[str, dict[str, Any]]

    def covers(self, action: str, resource: str) -> bool:
        """Tell whether it speaks of `action` on `resource`; actions have no case, as in AWS."""
        return any(_like(action.lower(), one.lower()) for one in self.actions) and any(
            _like(resource, one) for one in self.resources
        )

    def holds(self, context: Mapping[str, str]) -> bool:
        """Tell whether its conditions are all met; a key that `context` lacks meets none.

        Raises:
            ValueError: an operator that is not known here, such as IfExists or a negation.
        """
        for operator in self.condition.keys() - {"StringEquals", "StringLike", "ArnLike"}:
            raise ValueError(f"{self.where} compares by {operator}, which is not judged here")
        return all(
            key in context
            and any(
                context[key] == one if operator == "StringEquals" else _like(context[key], one)
                for one in _listed(values)
            )
            for operator, test in self.condition.items()
            for key, values in test.items()
        )


def planned(changes: Sequence[dict[str, Any]]) -> list[Resource]:
    """Return the resources that will stand once the `changes` are made."""
    return [
        Resource(change["address"], change["type"], change["change"]["after"])
        for change in changes
        if change["mode"] == "managed" and change["change"]["after"] is not None
    ]


def statements(resources: Sequence[Resource]) -> Iterator[Statement]:
    """Yield every statement of every policy.

    Raises:
        ValueError: a policy is not known before AWS answers, and cannot be judged.
    """
    for resource in resources:
        if resource.kind in POLICIES:
            yield from _statements(resource, POLICIES[resource.kind])


def _statements(resource: Resource, name: str) -> Iterator[Statement]:
    text = resource.values.get(name)
    if not isinstance(text, str):
        raise ValueError(f"{resource.address}: its {name} is not known in the plan")  # noqa: TRY004 # the plan's fault, not a type's
    for number, one in enumerate(_listed(json.loads(text)["Statement"])):
        if {"NotAction", "NotResource", "NotPrincipal"} & one.keys():
            raise ValueError(
                f"{resource.address}: it says what is not meant, which nobody can judge"
            )
        yield Statement(
            f"{resource.address}, statement {one.get('Sid', number)} of its {name}",
            one["Effect"],
            tuple(_listed(one["Action"])),
            tuple(_listed(one.get("Resource", []))),
            one.get("Principal"),
            one.get("Condition", {}),
        )


def _listed(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]


def _like(value: str, pattern: str) -> bool:
    """Compare as AWS does: * stands for anything, ? for one character, nothing else for more."""
    meant = re.escape(pattern).replace(r"\*", ".*").replace(r"\?", ".")
    return re.fullmatch(meant, value, re.DOTALL) is not None


def _are(values: Any, pattern: str) -> bool:
    """Tell whether there are values, and all are of the form: one that is not would do."""
    listed = _listed(values)
    return bool(listed) and all(re.fullmatch(pattern, one, re.ASCII) for one in listed)


def wildcards(resources: Sequence[Resource]) -> Iterator[str]:
    """Yield where an action is allowed by `*`, or on more than one named thing of our account."""
    for one in statements(resources):
        if one.effect != "Allow":
            continue
        for action in one.actions:
            if "*" in action or "?" in action:
                yield f"{one.where} allows {action}"
            for resource in one.resources:
                if resource == "*" and action not in UNSCOPED:
                    yield f"{one.where} allows {action} on every resource"
                elif resource != "*" and not NAMED.fullmatch(resource):
                    yield f"{one.where} allows {action} on {resource}, no one thing of ours"


def openings(resources: Sequence[Resource]) -> Iterator[str]:
    """Yield what is open to the world, but for the public routes of the one stage."""
    for one in statements(resources):
        if one.effect == "Allow" and _is_anybody(one.principal):
            yield f"{one.where} lets anybody in"
        if one.effect == "Allow" and one.principal and not _is_bound(one):
            yield f"{one.where} lets {one.principal} in without saying for whom"
    for resource in resources:
        yield from _openings(resource)
    stages = [
        resource.address for resource in resources if resource.kind == "aws_apigatewayv2_stage"
    ]
    if len(stages) != 1:
        yield f"There are {len(stages)} stages, not one: {stages}"
    shut = [one for one in resources if one.kind == "aws_s3_bucket_public_access_block"]
    buckets = [one for one in resources if one.kind == "aws_s3_bucket"]
    if len(shut) != len(buckets):
        yield f"{len(buckets)} buckets, of which {len(shut)} block the public"


def _is_anybody(principal: Any) -> bool:
    named = principal.values() if isinstance(principal, dict) else [principal]
    return any("*" in _listed(one) for one in named)


def _is_bound(one: Statement) -> bool:
    """Tell whether whoever is let in comes for this account, or this repository's main, alone.

    Conditions are all to be met, so one that binds is enough; a condition not listed binds nothing.
    """
    if not isinstance(one.principal, dict) or len(one.principal) != 1:
        return False
    match one.principal:
        case {"Service": "lambda.amazonaws.com"} if one.actions == ("sts:AssumeRole",):
            return (
                True  # Lambda takes a role only for a function that the account's own people made
            )
        case {"Service": str()}:
            return any(
                _are(values, SERVICES[operator, key])
                for operator, test in one.condition.items()
                for key, values in test.items()
                if (operator, key) in SERVICES
            )
        case {"Federated": str(provider)}:
            claims = one.condition.get("StringEquals", {})
            return (
                one.actions == ("sts:AssumeRoleWithWebIdentity",)
                and provider == f"arn:aws:iam::{ACCOUNT}:oidc-provider/{GITHUB}"
                and all(_are(claims.get(key, []), form) for key, form in CLAIMS.items())
            )
    return False  # people and roles are let in by nobody's policy here


def _openings(resource: Resource) -> Iterator[str]:
    values = resource.values
    match resource.kind:
        case "aws_apigatewayv2_route" if values["route_key"] not in ROUTES:
            yield f"{resource.address}: {values['route_key']} is not public"
        case "aws_lambda_permission" if not (
            values["principal"] == "apigateway.amazonaws.com"
            and re.fullmatch(CALLER, str(values["source_arn"]), re.ASCII)
        ):
            yield f"{resource.address}: {values['principal']} may call from {values['source_arn']}"
        case "aws_s3_bucket_public_access_block" if not all(
            values[name]
            for name in (
                "block_public_acls", "block_public_policy", "ignore_public_acls",
                "restrict_public_buckets",
            )
        ):  # fmt: skip
            yield f"{resource.address} leaves a way to the public"
        case kind if kind not in QUIET:
            yield f"{resource.address}: {kind} is new here; look at what it opens, then list it"


def allowed(
    resources: Sequence[Resource],
    address: str,
    action: str,
    resource: str,
    context: Mapping[str, str] | None = None,
) -> bool:
    """Tell whether the policy at `address` allows `action` on `resource`.

    Args:
        resources: of the plan.
        address: of the resource that holds the policy.
        action: such as s3:GetObject.
        resource: its ARN.
        context: what conditions are compared with, such as {"s3:prefix": "lake/"}.

    Raises:
        ValueError: there is no such policy, or the answer depends on a condition and there is no
            `context`, or on an operator that is not judged here.
    """
    found = [one for one in statements(resources) if one.where.startswith(f"{address},")]
    if not found:
        raise ValueError(f"There is no policy {address} in the plan")
    speaking = [one for one in found if one.covers(action, resource)]
    for one in speaking:
        if one.condition and context is None:
            raise ValueError(f"{one.where} has a condition: say in which context")
    effects = {one.effect for one in speaking if one.holds(context or {})}
    return effects == {"Allow"}
