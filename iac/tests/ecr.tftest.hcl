mock_provider "aws" {
  override_during = plan
}

variables {
  name         = "canasta-test"
  function_arn = "arn:aws:lambda:us-east-1:123456789012:function:canasta-test"
}

run "a_tag_never_moves_and_each_image_is_scanned" {
  module {
    source = "./modules/ecr"
  }

  command = plan

  assert {
    condition     = aws_ecr_repository.images.image_tag_mutability == "IMMUTABLE"
    error_message = "A tag names one image for ever."
  }

  assert {
    condition     = aws_ecr_repository.images.image_scanning_configuration[0].scan_on_push
    error_message = "Images are scanned as they arrive."
  }

  assert {
    condition     = aws_ecr_repository.images.force_delete == false
    error_message = "Nobody deletes images by mistake."
  }
}

run "only_our_function_fetches" {
  module {
    source = "./modules/ecr"
  }

  command = plan

  assert {
    condition = alltrue([
      for statement in jsondecode(aws_ecr_repository_policy.images.policy).Statement :
      statement.Principal == { Service = "lambda.amazonaws.com" }
      && toset(statement.Action) == toset(["ecr:BatchGetImage", "ecr:GetDownloadUrlForLayer"])
      && statement.Condition == { StringLike = { "aws:SourceArn" = [var.function_arn, "${var.function_arn}:*"] } }
    ])
    error_message = "Lambda, for our function and its versions, reads images; nobody else does anything."
  }
}

run "no_image_with_a_tag_ever_expires" {
  module {
    source = "./modules/ecr"
  }

  command = plan

  assert {
    condition = alltrue([
      for rule in jsondecode(aws_ecr_lifecycle_policy.images.policy).rules : rule.selection.tagStatus == "untagged"
    ])
    error_message = "The image that answers bears a tag, and is nobody's to delete but a person's."
  }
}

run "what_is_being_pushed_is_kept" {
  module {
    source = "./modules/ecr"
  }

  command = plan

  variables {
    untagged_days = 0
  }

  expect_failures = [var.untagged_days]
}
