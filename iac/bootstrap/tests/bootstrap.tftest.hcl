mock_provider "aws" {
  override_during = plan

  mock_data "aws_caller_identity" {
    defaults = {
      account_id = "123456789012"
    }
  }

  mock_data "aws_partition" {
    defaults = {
      partition = "aws"
    }
  }
}

run "the_states_bucket_is_the_one_that_backends_name" {
  command = plan

  assert {
    condition     = output.bucket == "canasta-state-123456789012"
    error_message = "iac/run looks for the bucket under this name."
  }
}

run "githubs_provider_belongs_to_the_account" {
  command = plan

  assert {
    condition = (
      aws_iam_openid_connect_provider.github[0].url == "https://token.actions.githubusercontent.com"
      && aws_iam_openid_connect_provider.github[0].client_id_list == toset(["sts.amazonaws.com"])
    )
    error_message = "GitHub's tokens for AWS are known in the account."
  }
}

run "an_account_that_has_the_provider_keeps_it" {
  command = plan

  variables {
    github_provider = false
  }

  assert {
    condition     = length(aws_iam_openid_connect_provider.github) == 0
    error_message = "There is one for each account."
  }
}
