mock_provider "aws" {
  override_during = plan

  mock_resource "aws_apigatewayv2_api" {
    defaults = {
      id            = "mocked"
      api_endpoint  = "https://mocked.execute-api.us-east-1.amazonaws.com"
      execution_arn = "arn:aws:execute-api:us-east-1:123456789012:mocked"
    }
  }

  mock_resource "aws_cloudwatch_log_group" {
    defaults = {
      arn = "arn:aws:logs:us-east-1:123456789012:log-group:/aws/apigateway/canasta-test"
    }
  }
}

variables {
  name             = "canasta-test"
  function_name    = "canasta-test"
  alias            = "live"
  alias_invoke_arn = "arn:aws:apigateway:us-east-1:lambda:path/2015-03-31/functions/arn:aws:lambda:us-east-1:123456789012:function:canasta-test:live/invocations"
}

run "the_world_may_ask_what_is_public_and_nothing_else" {
  module {
    source = "./modules/api_gateway"
  }

  command = plan

  assert {
    condition = toset([for route in aws_apigatewayv2_route.public : route.route_key]) == toset([
      "POST /predict", "GET /forecasts", "GET /series", "GET /model", "GET /health", "GET /ready",
      "GET /openapi.json", "GET /docs", "GET /",
    ])
    error_message = "The routes are the public ones."
  }

  assert {
    condition     = !anytrue([for route in aws_apigatewayv2_route.public : can(regex("metrics|admin|[$]default|[{]", route.route_key))])
    error_message = "Neither metrics, nor reloading, nor whatever else comes."
  }

  assert {
    condition     = length(aws_apigatewayv2_api.api.cors_configuration) == 0
    error_message = "No other site's pages may ask unless one is named."
  }
}

run "the_stage_throttles_and_logs" {
  module {
    source = "./modules/api_gateway"
  }

  command = plan

  assert {
    condition     = aws_apigatewayv2_stage.stage.name == "default"
    error_message = "The stage keeps the earlier system's name."
  }

  assert {
    condition     = aws_apigatewayv2_stage.stage.default_route_settings[0].throttling_rate_limit == 20 && aws_apigatewayv2_stage.stage.default_route_settings[0].throttling_burst_limit == 40
    error_message = "Requests are throttled."
  }

  assert {
    condition     = aws_apigatewayv2_stage.stage.access_log_settings[0].destination_arn == aws_cloudwatch_log_group.access.arn
    error_message = "Each request is logged."
  }

  assert {
    condition     = !can(regex("header|x-api-key", lower(aws_apigatewayv2_stage.stage.access_log_settings[0].format)))
    error_message = "No key is."
  }

  assert {
    condition     = output.url == "https://mocked.execute-api.us-east-1.amazonaws.com/default"
    error_message = "The URL names the stage."
  }
}

run "only_this_stage_calls_the_alias" {
  module {
    source = "./modules/api_gateway"
  }

  command = plan

  assert {
    condition     = aws_lambda_permission.stage.source_arn == "arn:aws:execute-api:us-east-1:123456789012:mocked/default/*"
    error_message = "The permission is for one stage of one API."
  }

  assert {
    condition     = aws_lambda_permission.stage.qualifier == "live" && aws_lambda_permission.stage.principal == "apigateway.amazonaws.com"
    error_message = "The API calls the alias."
  }

  assert {
    condition     = aws_apigatewayv2_integration.function.payload_format_version == "2.0"
    error_message = "The handler reads payload format 2.0."
  }
}

run "one_site_may_be_let_in" {
  module {
    source = "./modules/api_gateway"
  }

  command = plan

  variables {
    cors_origins = ["https://prices.example.org"]
  }

  assert {
    condition     = toset(aws_apigatewayv2_api.api.cors_configuration[0].allow_origins) == toset(["https://prices.example.org"])
    error_message = "The site that is named may ask."
  }
}

run "all_sites_may_not" {
  module {
    source = "./modules/api_gateway"
  }

  command = plan

  variables {
    cors_origins = ["*"]
  }

  expect_failures = [var.cors_origins]
}

run "a_route_to_metrics_is_refused" {
  module {
    source = "./modules/api_gateway"
  }

  command = plan

  variables {
    routes = ["GET /metrics"]
  }

  expect_failures = [var.routes]
}

run "a_route_to_reload_is_refused" {
  module {
    source = "./modules/api_gateway"
  }

  command = plan

  variables {
    routes = ["POST /admin/reload"]
  }

  expect_failures = [var.routes]
}

run "a_route_for_everything_is_refused" {
  module {
    source = "./modules/api_gateway"
  }

  command = plan

  variables {
    routes = ["$default"]
  }

  expect_failures = [var.routes]
}
