mock_provider "aws" {
  override_during = plan
}

variables {
  name          = "canasta-test"
  bucket_arn    = "arn:aws:s3:::canasta-test-lake"
  lake_prefix   = "lake"
  log_group_arn = "arn:aws:logs:us-east-1:123456789012:log-group:/aws/lambda/canasta-test"
}

run "lambda_alone_assumes_the_role" {
  module {
    source = "./modules/iam"
  }

  command = plan

  assert {
    condition     = [for statement in jsondecode(aws_iam_role.function.assume_role_policy).Statement : statement.Principal] == [{ Service = "lambda.amazonaws.com" }]
    error_message = "Nobody but Lambda assumes the function's role."
  }
}

run "the_function_reads_what_is_promoted_and_writes_logs_and_traces" {
  module {
    source = "./modules/iam"
  }

  command = plan

  assert {
    condition = toset(flatten([for statement in jsondecode(aws_iam_role_policy.function.policy).Statement : statement.Action])) == toset([
      "s3:GetObject", "s3:ListBucket", "logs:CreateLogStream", "logs:PutLogEvents",
      "xray:PutTraceSegments", "xray:PutTelemetryRecords",
    ])
    error_message = "The function's actions are these six."
  }

  assert {
    condition = toset(flatten([
      for statement in jsondecode(aws_iam_role_policy.function.policy).Statement : statement.Resource
      if contains(statement.Action, "s3:GetObject")
      ])) == toset([
      "arn:aws:s3:::canasta-test-lake/lake/promoted/*",
      "arn:aws:s3:::canasta-test-lake/lake/bundles/*",
      "arn:aws:s3:::canasta-test-lake/lake/panels/*",
      "arn:aws:s3:::canasta-test-lake/lake/decisions/*",
      "arn:aws:s3:::canasta-test-lake/lake/lake.json",
    ])
    error_message = "It reads what is promoted in this lake, and what led there."
  }

  assert {
    condition = alltrue([
      for statement in jsondecode(aws_iam_role_policy.function.policy).Statement :
      !contains(statement.Resource, "*") || alltrue([for action in statement.Action : startswith(action, "xray:")])
    ])
    error_message = "Every resource is named, but for X-Ray's, which AWS does not scope."
  }
}

run "no_condition_pretends_to_narrow_a_listing" {
  module {
    source = "./modules/iam"
  }

  command = plan

  assert {
    condition = alltrue([
      for statement in concat(jsondecode(aws_iam_role_policy.function.policy).Statement, jsondecode(aws_iam_policy.pipeline.policy).Statement) :
      !contains(keys(statement), "Condition") && (!contains(statement.Action, "s3:ListBucket") || statement.Resource == ["arn:aws:s3:::canasta-test-lake"])
    ])
    error_message = "IfExists on s3:prefix lets every listing without a prefix pass; the bucket is what bounds it."
  }
}

run "the_pipeline_keeps_this_lake_alone" {
  module {
    source = "./modules/iam"
  }

  command = plan

  assert {
    condition = alltrue([
      for resource in flatten([for statement in jsondecode(aws_iam_policy.pipeline.policy).Statement : statement.Resource]) :
      contains(["arn:aws:s3:::canasta-test-lake", "arn:aws:s3:::canasta-test-lake/lake/*"], resource)
    ])
    error_message = "The pipeline's policy names this lake and nothing else."
  }
}

run "another_bucket_cannot_be_meant" {
  module {
    source = "./modules/iam"
  }

  command = plan

  variables {
    bucket_arn = "arn:aws:s3:::*"
  }

  expect_failures = [var.bucket_arn]
}

run "the_whole_bucket_cannot_be_meant" {
  module {
    source = "./modules/iam"
  }

  command = plan

  variables {
    lake_prefix = "*"
  }

  expect_failures = [var.lake_prefix]
}
