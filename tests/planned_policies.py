"""What is wrong with the permissions in a Terraform plan, before anything exists.

A plan is a list of resource changes, as `terraform show -json` and `terraform test -json -verbose`
print them. Policies are known in it, since ours are made from names, not from what AWS answers.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import Any

UNSCOPED = {
    "xray:PutTraceSegments": "X-Ray has no resources for traces",
    "xray:PutTelemetryRecords": "X-Ray has no resources for traces",
    "ecr:GetAuthorizationToken": "the token is for the account's whole registry",
}
"""Actions that AWS scopes to no resource, and why `*` stands there
(https://docs.aws.amazon.com/service-authorization/latest/reference/reference.html)."""

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
        "aws_iam_openid_connect_provider", "aws_iam_policy", "aws_iam_role", "aws_iam_role_policy",
        "aws_lambda_alias", "aws_lambda_function", "aws_lambda_permission", "aws_s3_bucket",
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
        return any(fnmatchcase(action.lower(), one.lower()) for one in self.actions) and any(
            fnmatchcase(resource, one) for one in self.resources
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


def wildcards(resources: Sequence[Resource]) -> Iterator[str]:
    """Yield where an action, or a resource without need, is allowed by `*`."""
    for one in statements(resources):
        if one.effect != "Allow":
            continue
        for action in one.actions:
            if "*" in action or "?" in action:
                yield f"{one.where} allows {action}"
            if "*" in one.resources and action not in UNSCOPED:
                yield f"{one.where} allows {action} on every resource"


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
    """Tell whether a principal is our own role's service, or bound by a condition without `*`."""
    if one.actions == ("sts:AssumeRole",) and one.principal == {"Service": "lambda.amazonaws.com"}:
        return True  # Lambda takes a role only for a function that an account's own people made
    bound = [value for test in one.condition.values() for value in test.values()]
    return bool(bound) and not any("*" in _listed(value) for value in bound)


def _openings(resource: Resource) -> Iterator[str]:
    values = resource.values
    match resource.kind:
        case "aws_apigatewayv2_route" if values["route_key"] not in ROUTES:
            yield f"{resource.address}: {values['route_key']} is not public"
        case "aws_lambda_permission" if not (
            values["principal"] == "apigateway.amazonaws.com"
            and str(values["source_arn"]).endswith("/default/*")
            and not str(values["source_arn"]).startswith("*")
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


def allowed(resources: Sequence[Resource], address: str, action: str, resource: str) -> bool:
    """Tell whether the policy at `address` allows `action` on `resource`, conditions aside."""
    found = [one for one in statements(resources) if one.where.startswith(f"{address},")]
    if not found:
        raise ValueError(f"There is no policy {address} in the plan")
    return any(one.effect == "Allow" and one.covers(action, resource) for one in found)
