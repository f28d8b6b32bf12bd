# One plan of a whole environment, which tests/integration/test_infra_policies.py reads:
#   terraform test -test-directory=tests/plan -var-file=envs/prod.tfvars -json -verbose
mock_provider "aws" {
  source          = "./tests/mocks"
  override_during = plan
}

variables {
  image_digest      = "sha256:0000000000000000000000000000000000000000000000000000000000000000"
  api_key_hashes    = ["aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"]
  github_repository = "owner/canasta"
  alarm_emails      = ["operator@example.com"]
}

run "plan" {
  command = plan
}
