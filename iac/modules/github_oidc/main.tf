# Delivery without static keys: GitHub's jobs of one repository, one environment and one branch may
# push images and say which version answers. They may change nothing else; Terraform is run by people.

locals {
  host         = "token.actions.githubusercontent.com"
  provider_arn = "arn:${var.partition}:iam::${var.account_id}:oidc-provider/${local.host}" # bootstrap/ makes it

  # GitHub writes a repository into a token's subject by its names or, since July 2026 for each that
  # is new, renamed or moved, by its names and ids, which nobody can take over:
  # https://github.blog/changelog/2026-04-23-immutable-subject-claims-for-github-actions-oidc-tokens/
  names   = split("/", var.repository)
  subject = var.repository_id == null ? var.repository : "${local.names[0]}@${var.owner_id}/${local.names[1]}@${var.repository_id}"
}

resource "aws_iam_role" "deploy" {
  #checkov:skip=CKV_AWS_393: the repository is named per environment, where checkov does not see it; iac/tests holds the claim to the letter
  name                 = var.name
  description          = "What ${var.repository}'s jobs may do in ${var.environment}: push an image, shift the alias."
  max_session_duration = 3600
  assume_role_policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Effect    = "Allow"
      Principal = { Federated = local.provider_arn }
      Action    = "sts:AssumeRoleWithWebIdentity"
      Condition = {
        StringEquals = {
          "${local.host}:aud" = "sts.amazonaws.com"
          "${local.host}:sub" = "repo:${local.subject}:environment:${var.environment}"
          # The subject of a job in an environment says nothing of its branch; AWS compares GitHub's
          # ref since January 2026. A token without it is refused.
          "${local.host}:ref" = "refs/heads/${var.branch}"
        }
      }
    }]
  })
}

resource "aws_iam_role_policy" "deploy" {
  #checkov:skip=CKV_AWS_355: AWS scopes ecr:GetAuthorizationToken to no resource; all else is scoped to one repository and one function
  name = "push-image-shift-alias"
  role = aws_iam_role.deploy.id
  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [
      {
        Sid      = "LogInToTheRegistry"
        Effect   = "Allow"
        Action   = ["ecr:GetAuthorizationToken"]
        Resource = ["*"]
      },
      {
        Sid    = "PushAndReadTheScan"
        Effect = "Allow"
        Action = [
          "ecr:BatchCheckLayerAvailability", "ecr:BatchGetImage", "ecr:CompleteLayerUpload",
          "ecr:DescribeImages", "ecr:DescribeImageScanFindings", "ecr:GetDownloadUrlForLayer",
          "ecr:InitiateLayerUpload", "ecr:PutImage", "ecr:UploadLayerPart",
        ]
        Resource = ["arn:${var.partition}:ecr:${var.region}:${var.account_id}:repository/${var.repository_name}"]
      },
      {
        Sid    = "PublishAskAndShift"
        Effect = "Allow"
        Action = [
          "lambda:GetAlias", "lambda:GetFunction", "lambda:GetFunctionConfiguration",
          "lambda:InvokeFunction", "lambda:PublishVersion", "lambda:UpdateAlias",
          "lambda:UpdateFunctionCode",
        ]
        Resource = [local.function_arn, "${local.function_arn}:*"]
      },
    ]
  })
}

locals {
  function_arn = "arn:${var.partition}:lambda:${var.region}:${var.account_id}:function:${var.function_name}"
}
