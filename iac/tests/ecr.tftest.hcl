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
      && startswith(statement.Condition.StringLike["aws:SourceArn"], var.function_arn)
    ])
    error_message = "Lambda, for our function, reads images; nobody else does anything."
  }
}

run "images_to_go_back_to_are_kept" {
  module {
    source = "./modules/ecr"
  }

  command = plan

  variables {
    kept_images = 1
  }

  expect_failures = [var.kept_images]
}
