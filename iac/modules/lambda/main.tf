# The function: an image by its digest, versions that stay, and an alias that says which one answers.

resource "aws_cloudwatch_log_group" "function" {
  #checkov:skip=CKV_AWS_158: answers and timings of public prices, never a key; CloudWatch encrypts with its own
  #checkov:skip=CKV_AWS_338: how long logs are kept is chosen per environment; what must last lies in the lake
  name              = "/aws/lambda/${var.name}"
  retention_in_days = var.log_retention_days
}

resource "aws_lambda_function" "api" {
  #checkov:skip=CKV_AWS_115: reserved concurrency is a variable; new accounts have too little to reserve any, and the API's stage throttles
  #checkov:skip=CKV_AWS_116: it is called synchronously alone: whoever asks gets the error, nothing would reach a dead-letter queue
  #checkov:skip=CKV_AWS_117: it reaches S3 alone, over TLS; a VPC would add a NAT gateway at 32 dollars a month and no safety
  #checkov:skip=CKV_AWS_173: its variables hold SHA-256 hashes of random keys, which no key of KMS would make safer
  #checkov:skip=CKV_AWS_272: signing is for zip files; the image is named by its digest
  function_name                  = var.name
  description                    = var.description
  role                           = var.role_arn
  package_type                   = "Image"
  image_uri                      = var.image_uri
  architectures                  = [var.architecture]
  memory_size                    = var.memory_mb
  timeout                        = var.timeout_s
  reserved_concurrent_executions = var.reserved_concurrency
  publish                        = true

  # Said although the image says it too: a plan without it never settles.
  image_config {
    command = [var.handler]
  }

  environment {
    variables = var.environment
  }

  tracing_config {
    mode = "Active"
  }

  # Its first line would make the group, for ever kept and not ours. The lines themselves stay
  # text to Lambda: they are JSON already.
  depends_on = [aws_cloudwatch_log_group.function]
}

resource "aws_lambda_alias" "live" {
  name             = var.alias
  description      = "The version that answers; the one before is one call away."
  function_name    = aws_lambda_function.api.function_name
  function_version = aws_lambda_function.api.version
}
