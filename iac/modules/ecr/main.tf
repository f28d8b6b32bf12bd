# Where the function's images lie: a tag never moves, each image is scanned as it arrives.

resource "aws_ecr_repository" "images" {
  #checkov:skip=CKV_AWS_136: the code is public; ECR encrypts with S3's own keys
  name                 = var.name
  image_tag_mutability = "IMMUTABLE"
  force_delete         = var.destroyable

  image_scanning_configuration {
    scan_on_push = true
  }

  encryption_configuration {
    encryption_type = "AES256"
  }
}

# Lambda fetches the image itself; the function's role has no part in it.
resource "aws_ecr_repository_policy" "images" {
  repository = aws_ecr_repository.images.name
  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Sid       = "OurFunctionFetches"
      Effect    = "Allow"
      Principal = { Service = "lambda.amazonaws.com" }
      Action    = ["ecr:BatchGetImage", "ecr:GetDownloadUrlForLayer"]
      # The function and its versions, and none whose name only begins so.
      Condition = { StringLike = { "aws:SourceArn" = [var.function_arn, "${var.function_arn}:*"] } }
    }]
  })
}

# What bears a tag never expires: ECR does not know which image answers, and a count of the newest
# would take it after so many deliveries that failed. A delivery's image bears its commit.
resource "aws_ecr_lifecycle_policy" "images" {
  repository = aws_ecr_repository.images.name
  policy = jsonencode({
    rules = [{
      rulePriority = 1
      description  = "What lost its tag is of no use: no delivery names it."
      selection    = { tagStatus = "untagged", countType = "sinceImagePushed", countUnit = "days", countNumber = var.untagged_days }
      action       = { type = "expire" }
    }]
  })
}
