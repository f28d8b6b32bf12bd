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

run "one_repositorys_one_environment_may_deploy" {
  module {
    source = "./modules/github_oidc"
  }

  command = plan

  assert {
    condition = jsondecode(aws_iam_role.deploy.assume_role_policy).Statement[0].Condition == {
      StringEquals = {
        "token.actions.githubusercontent.com:aud" = "sts.amazonaws.com"
        "token.actions.githubusercontent.com:sub" = "repo:owner/canasta:environment:staging"
      }
    }
    error_message = "The token names the repository and the environment, to the letter."
  }

  assert {
    condition     = length(jsondecode(aws_iam_role.deploy.assume_role_policy).Statement) == 1
    error_message = "There is no other way in."
  }

  assert {
    condition     = aws_iam_openid_connect_provider.github[0].client_id_list == toset(["sts.amazonaws.com"])
    error_message = "Tokens are for AWS."
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

run "an_account_that_has_the_provider_keeps_it" {
  module {
    source = "./modules/github_oidc"
  }

  command = plan

  variables {
    create_provider = false
  }

  assert {
    condition     = length(aws_iam_openid_connect_provider.github) == 0
    error_message = "The provider is one for the account."
  }
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
