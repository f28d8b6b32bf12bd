# The way in: an HTTP API whose one stage is all that the world can reach, and its routes all that
# the stage answers. No route for /metrics or /admin/reload: those stay unreachable.

resource "aws_apigatewayv2_api" "api" {
  name          = var.name
  description   = "Canasta's forecasts"
  protocol_type = "HTTP"

  dynamic "cors_configuration" {
    for_each = length(var.cors_origins) > 0 ? [1] : []

    content {
      allow_origins = var.cors_origins
      allow_methods = ["GET", "POST"]
      allow_headers = ["content-type", "x-api-key"]
      max_age       = 3600
    }
  }
}

resource "aws_apigatewayv2_integration" "function" {
  api_id                 = aws_apigatewayv2_api.api.id
  integration_type       = "AWS_PROXY"
  integration_method     = "POST"
  integration_uri        = var.alias_invoke_arn
  payload_format_version = "2.0"
  timeout_milliseconds   = 30000
}

resource "aws_apigatewayv2_route" "public" {
  #checkov:skip=CKV_AWS_309: the application checks keys itself, the same everywhere (AUTH=key), and answers in its own form; /health and /docs are open by design
  for_each  = var.routes
  api_id    = aws_apigatewayv2_api.api.id
  route_key = each.value
  target    = "integrations/${aws_apigatewayv2_integration.function.id}"
}

resource "aws_cloudwatch_log_group" "access" {
  #checkov:skip=CKV_AWS_158: addresses and paths of requests, never a header; CloudWatch encrypts with its own keys
  #checkov:skip=CKV_AWS_338: addresses are personal data: kept as short as a look back needs, chosen per environment
  name              = "/aws/apigateway/${var.name}"
  retention_in_days = var.log_retention_days
}

resource "aws_apigatewayv2_stage" "stage" {
  api_id      = aws_apigatewayv2_api.api.id
  name        = var.stage
  auto_deploy = true

  default_route_settings {
    throttling_rate_limit    = var.throttling_rate
    throttling_burst_limit   = var.throttling_burst
    detailed_metrics_enabled = false # those of each route are paid for one by one
  }

  access_log_settings {
    destination_arn = aws_cloudwatch_log_group.access.arn
    format = jsonencode({
      time       = "$context.requestTime"
      request_id = "$context.requestId"
      address    = "$context.identity.sourceIp"
      route      = "$context.routeKey"
      status     = "$context.status"
      latency_ms = "$context.responseLatency"
      bytes      = "$context.responseLength"
      error      = "$context.error.message"
    })
  }
}

resource "aws_lambda_permission" "stage" {
  statement_id  = "this-stage-calls"
  action        = "lambda:InvokeFunction"
  function_name = var.function_name
  qualifier     = var.alias
  principal     = "apigateway.amazonaws.com"
  source_arn    = "${aws_apigatewayv2_api.api.execution_arn}/${var.stage}/*"
}
