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
    error_message = "iac/apply looks for the bucket under this name."
  }
}
