mock_provider "aws" {
  override_during = plan
}

variables {
  name = "canasta-test-lake"
}

run "the_bucket_is_shut_versioned_and_encrypted" {
  module {
    source = "./modules/storage"
  }

  command = plan

  assert {
    condition = alltrue([
      aws_s3_bucket_public_access_block.lake.block_public_acls,
      aws_s3_bucket_public_access_block.lake.block_public_policy,
      aws_s3_bucket_public_access_block.lake.ignore_public_acls,
      aws_s3_bucket_public_access_block.lake.restrict_public_buckets,
    ])
    error_message = "All four ways to the public are blocked."
  }

  assert {
    condition     = aws_s3_bucket_versioning.lake.versioning_configuration[0].status == "Enabled"
    error_message = "Each version is kept."
  }

  assert {
    condition     = one(one(aws_s3_bucket_server_side_encryption_configuration.lake.rule).apply_server_side_encryption_by_default).sse_algorithm == "AES256"
    error_message = "Objects are encrypted."
  }

  assert {
    condition     = aws_s3_bucket_ownership_controls.lake.rule[0].object_ownership == "BucketOwnerEnforced"
    error_message = "There are no ACLs."
  }

  assert {
    condition     = aws_s3_bucket.lake.force_destroy == false
    error_message = "Nobody deletes a lake by mistake."
  }
}

run "plain_http_is_refused" {
  module {
    source = "./modules/storage"
  }

  command = plan

  assert {
    condition     = jsondecode(aws_s3_bucket_policy.lake.policy).Statement[0].Effect == "Deny" && jsondecode(aws_s3_bucket_policy.lake.policy).Statement[0].Condition.Bool["aws:SecureTransport"] == "false"
    error_message = "Requests without TLS are denied."
  }

  assert {
    condition     = alltrue([for statement in jsondecode(aws_s3_bucket_policy.lake.policy).Statement : statement.Effect == "Deny"])
    error_message = "The bucket's policy allows nothing."
  }
}

run "old_versions_expire_and_current_ones_never" {
  module {
    source = "./modules/storage"
  }

  command = plan

  assert {
    condition     = aws_s3_bucket_lifecycle_configuration.lake[0].rule[0].noncurrent_version_expiration[0].noncurrent_days == 90
    error_message = "Replaced versions go after 90 days."
  }

  assert {
    condition     = length(aws_s3_bucket_lifecycle_configuration.lake[0].rule[0].expiration) == 0
    error_message = "What is current stays."
  }
}

run "without_the_lifecycle_rule" {
  module {
    source = "./modules/storage"
  }

  command = plan

  variables {
    lifecycle_enabled = false
  }

  assert {
    condition     = length(aws_s3_bucket_lifecycle_configuration.lake) == 0
    error_message = "The rule is left out for local applies."
  }
}

run "a_name_with_dots_is_refused" {
  module {
    source = "./modules/storage"
  }

  command = plan

  variables {
    name = "canasta.lake"
  }

  expect_failures = [var.name]
}

run "versions_are_not_thrown_away_at_once" {
  module {
    source = "./modules/storage"
  }

  command = plan

  variables {
    noncurrent_days = 1
  }

  expect_failures = [var.noncurrent_days]
}
