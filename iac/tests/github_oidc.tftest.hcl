mock_provider "aws" {
  override_during = plan
}

variables {
  name            = "canasta-test-deploy"
  repository      = "owner/canasta"
  environment     = "staging"
  account_id      = "123456789012"
  region          = "us-east-1"
  repository_name = "canasta-test"
  function_name   = "canasta-test"
}

run "one_branch_of_one_repository_may_deploy_to_one_environment" {
  module {
    source = "./modules/github_oidc"
  }

  command = plan

  assert {
    condition = jsondecode(aws_iam_role.deploy.assume_role_policy).Statement[0].Condition == {
      StringEquals = {
        "token.actions.githubusercontent.com:aud" = "sts.amazonaws.com"
        "token.actions.githubusercontent.com:sub" = "repo:owner/canasta:environment:staging"
        "token.actions.githubusercontent.com:ref" = "refs/heads/main"
      }
    }
    error_message = "The token names the repository, the environment and the branch, to the letter."
  }

  assert {
    condition     = length(jsondecode(aws_iam_role.deploy.assume_role_policy).Statement) == 1
    error_message = "There is no other way in."
  }

  assert {
    condition     = jsondecode(aws_iam_role.deploy.assume_role_policy).Statement[0].Principal == { Federated = "arn:aws:iam::123456789012:oidc-provider/token.actions.githubusercontent.com" }
    error_message = "The token is GitHub's, as this account knows it."
  }
}

run "it_pushes_to_one_repository_and_shifts_one_function" {
  module {
    source = "./modules/github_oidc"
  }

  command = plan

  assert {
    condition = toset(flatten([for statement in jsondecode(aws_iam_role_policy.deploy.policy).Statement : statement.Resource])) == toset([
      "*",
      "arn:aws:ecr:us-east-1:123456789012:repository/canasta-test",
      "arn:aws:lambda:us-east-1:123456789012:function:canasta-test",
      "arn:aws:lambda:us-east-1:123456789012:function:canasta-test:*",
    ])
    error_message = "One repository, one function."
  }

  assert {
    condition = alltrue([
      for statement in jsondecode(aws_iam_role_policy.deploy.policy).Statement :
      !contains(statement.Resource, "*") || statement.Action == ["ecr:GetAuthorizationToken"]
    ])
    error_message = "Every resource is named, but for the registry's log-in, which AWS does not scope."
  }

  assert {
    condition     = !can(regex("iam:|s3:|:Delete|[*]\"[],]", jsonencode(flatten([for statement in jsondecode(aws_iam_role_policy.deploy.policy).Statement : statement.Action]))))
    error_message = "It touches no role and no lake, and deletes nothing."
  }
}

run "a_repository_whose_tokens_name_ids_is_named_by_them" {
  module {
    source = "./modules/github_oidc"
  }

  command = plan

  variables {
    owner_id      = "123456"
    repository_id = "456789"
  }

  assert {
    condition     = jsondecode(aws_iam_role.deploy.assume_role_policy).Statement[0].Condition.StringEquals["token.actions.githubusercontent.com:sub"] == "repo:owner@123456/canasta@456789:environment:staging"
    error_message = "The subject is the one that GitHub writes for repositories made since July 2026."
  }
}

run "half_of_the_ids_is_refused" {
  module {
    source = "./modules/github_oidc"
  }

  command = plan

  variables {
    repository_id = "456789"
  }

  expect_failures = [var.owner_id]
}

run "any_repositorys_id_is_refused" {
  module {
    source = "./modules/github_oidc"
  }

  command = plan

  variables {
    owner_id      = "123456"
    repository_id = "*"
  }

  expect_failures = [var.repository_id]
}

run "any_owners_id_is_refused" {
  module {
    source = "./modules/github_oidc"
  }

  command = plan

  variables {
    owner_id      = "*"
    repository_id = "456789"
  }

  expect_failures = [var.owner_id]
}

run "any_branch_is_refused" {
  module {
    source = "./modules/github_oidc"
  }

  command = plan

  variables {
    branch = "*"
  }

  expect_failures = [var.branch]
}

run "any_repository_is_refused" {
  module {
    source = "./modules/github_oidc"
  }

  command = plan

  variables {
    repository = "owner/*"
  }

  expect_failures = [var.repository]
}

run "any_environment_is_refused" {
  module {
    source = "./modules/github_oidc"
  }

  command = plan

  variables {
    environment = "*"
  }

  expect_failures = [var.environment]
}
