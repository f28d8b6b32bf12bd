# The whole of an environment, without an account: what its parts are made of fits together.
mock_provider "aws" {
  source          = "./tests/mocks"
  override_during = plan
}

variables {
  environment       = "staging"
  region            = "us-east-1"
  image_digest      = "sha256:0000000000000000000000000000000000000000000000000000000000000000"
  auth              = "key"
  api_key_hashes    = ["aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa", "bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb"]
  github_repository = "owner/canasta"
}

run "an_environment_as_a_whole" {
  command = plan

  assert {
    condition     = output.lake_url == "s3://canasta-milk-staging-lake-123456789012/lake"
    error_message = "The lake's name holds the environment and the account."
  }

  assert {
    condition     = output.deploy_role_arn != null
    error_message = "A repository that is named may deploy."
  }
}

run "without_a_repository_nobody_deploys_from_outside" {
  command = plan

  variables {
    github_repository = null
  }

  assert {
    condition     = length(module.github_oidc) == 0 && output.deploy_role_arn == null
    error_message = "No role is made for nobody."
  }
}

run "keys_are_asked_for_and_none_given" {
  command = plan

  variables {
    api_key_hashes = []
  }

  expect_failures = [var.api_key_hashes]
}

run "a_key_in_the_place_of_its_hash_is_refused" {
  command = plan

  variables {
    api_key_hashes = ["not a hash"]
  }

  expect_failures = [var.api_key_hashes]
}

run "an_open_api_needs_no_keys" {
  command = plan

  variables {
    auth           = "open"
    api_key_hashes = []
  }

  assert {
    condition     = output.function_name == "canasta-milk-staging"
    error_message = "It stands without keys."
  }
}

run "an_image_without_a_digest_is_refused" {
  command = plan

  variables {
    image_digest = "latest"
  }

  expect_failures = [var.image_digest]
}

run "another_environment_is_refused" {
  command = plan

  variables {
    environment = "laptop"
  }

  expect_failures = [var.environment]
}

run "a_repository_by_its_ids" {
  command = plan

  variables {
    github_owner_id      = "123456"
    github_repository_id = "456789"
  }

  assert {
    condition     = output.deploy_role_arn != null
    error_message = "A repository that is named by its ids may deploy."
  }
}

run "half_of_the_ids_is_refused" {
  command = plan

  variables {
    github_repository_id = "456789"
  }

  expect_failures = [var.github_owner_id]
}

run "production_that_tells_nobody_is_warned_of" {
  command = plan

  variables {
    environment = "prod"
  }

  expect_failures = [check.somebody_is_told]
}
