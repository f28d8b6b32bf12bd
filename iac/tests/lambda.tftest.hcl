mock_provider "aws" {
  override_during = plan
}

variables {
  name      = "canasta-test"
  role_arn  = "arn:aws:iam::123456789012:role/canasta-test"
  image_uri = "123456789012.dkr.ecr.us-east-1.amazonaws.com/canasta-test@sha256:0000000000000000000000000000000000000000000000000000000000000000"
  environment = {
    COMMODITY = "milk"
    LAKE_URL  = "s3://canasta-test-lake/lake"
    AUTH      = "open"
  }
}

run "the_image_runs_by_its_digest_with_its_command_said" {
  module {
    source = "./modules/lambda"
  }

  command = plan

  assert {
    condition     = aws_lambda_function.api.package_type == "Image" && aws_lambda_function.api.image_uri == var.image_uri
    error_message = "The image is the one that was named."
  }

  assert {
    condition     = aws_lambda_function.api.image_config[0].command == tolist(["deployment.aws_lambda.function.handler"])
    error_message = "The command is said, or the plan never settles."
  }

  assert {
    condition     = aws_lambda_function.api.publish && aws_lambda_alias.live.name == "live"
    error_message = "Each change is a version, and an alias names the one that answers."
  }

  assert {
    condition     = aws_lambda_function.api.tracing_config[0].mode == "Active"
    error_message = "Requests are traced."
  }

  assert {
    condition     = aws_cloudwatch_log_group.function.retention_in_days == 30
    error_message = "Logs do not stay for ever."
  }

  assert {
    condition     = aws_lambda_function.api.reserved_concurrent_executions == null || aws_lambda_function.api.reserved_concurrent_executions == -1
    error_message = "Nothing is reserved unless asked: a new account has nothing to spare."
  }
}

run "a_tag_is_refused" {
  module {
    source = "./modules/lambda"
  }

  command = plan

  variables {
    image_uri = "123456789012.dkr.ecr.us-east-1.amazonaws.com/canasta-test:latest"
  }

  expect_failures = [var.image_uri]
}

run "an_admin_key_is_refused" {
  module {
    source = "./modules/lambda"
  }

  command = plan

  variables {
    environment = { COMMODITY = "milk", LAKE_URL = "s3://b/lake", AUTH = "key", ADMIN_KEY_HASH = "00" }
  }

  expect_failures = [var.environment]
}

run "a_setting_that_is_missing_is_told" {
  module {
    source = "./modules/lambda"
  }

  command = plan

  variables {
    environment = { COMMODITY = "milk" }
  }

  expect_failures = [var.environment]
}

run "a_timeout_beyond_the_apis_is_refused" {
  module {
    source = "./modules/lambda"
  }

  command = plan

  variables {
    timeout_s = 60
  }

  expect_failures = [var.timeout_s]
}

run "no_concurrency_at_all_is_refused" {
  module {
    source = "./modules/lambda"
  }

  command = plan

  variables {
    reserved_concurrency = 0
  }

  expect_failures = [var.reserved_concurrency]
}
