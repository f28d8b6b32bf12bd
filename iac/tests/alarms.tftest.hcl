mock_provider "aws" {
  override_during = plan

  mock_resource "aws_sns_topic" {
    defaults = {
      arn = "arn:aws:sns:us-east-1:123456789012:canasta-test-alarms"
    }
  }
}

variables {
  name          = "canasta-test-alarms"
  account_id    = "123456789012"
  region        = "us-east-1"
  function_name = "canasta-test"
  alias         = "live"
  api_id        = "abc123"
  stage         = "default"
  emails        = ["operator@example.com"]
}

run "failing_refused_and_slow_answers_are_told" {
  module {
    source = "./modules/alarms"
  }

  command = plan

  assert {
    condition = { for key, alarm in aws_cloudwatch_metric_alarm.api : key => "${alarm.namespace} ${alarm.metric_name}" } == {
      failures  = "AWS/ApiGateway 5xx"
      refusals  = "AWS/ApiGateway 4xx"
      errors    = "AWS/Lambda Errors"
      throttles = "AWS/Lambda Throttles"
      latency   = "AWS/Lambda Duration"
    }
    error_message = "There are these five alarms."
  }

  assert {
    condition     = aws_cloudwatch_metric_alarm.api["failures"].threshold == 0 && aws_cloudwatch_metric_alarm.api["failures"].statistic == "Sum"
    error_message = "One answer of 500 or 503 is told: to Lambda it is a success."
  }

  assert {
    condition     = aws_cloudwatch_metric_alarm.api["latency"].extended_statistic == "p99"
    error_message = "The slowest hundredth is watched, not the mean."
  }

  assert {
    condition = alltrue([
      for alarm in aws_cloudwatch_metric_alarm.api : alarm.dimensions == tomap(
        alarm.namespace == "AWS/Lambda"
        ? { FunctionName = "canasta-test", Resource = "canasta-test:live" }
        : { ApiId = "abc123", Stage = "default" }
      )
    ])
    error_message = "The stage and the alias that answer are watched."
  }

  assert {
    condition     = alltrue([for alarm in aws_cloudwatch_metric_alarm.api : alarm.alarm_actions == toset([aws_sns_topic.alarms.arn])])
    error_message = "Each alarm speaks to the topic."
  }

  assert {
    condition     = [for subscription in aws_sns_topic_subscription.email : subscription.endpoint] == ["operator@example.com"]
    error_message = "Whoever is named is told."
  }
}

run "our_own_alarms_alone_may_speak" {
  module {
    source = "./modules/alarms"
  }

  command = plan

  assert {
    condition = alltrue([
      for statement in jsondecode(aws_sns_topic_policy.alarms.policy).Statement :
      statement.Principal == { Service = "cloudwatch.amazonaws.com" }
      && statement.Action == "sns:Publish"
      && statement.Condition.StringEquals["aws:SourceAccount"] == "123456789012"
    ])
    error_message = "CloudWatch, for this account, publishes; nobody else does anything."
  }

  assert {
    condition     = jsondecode(aws_sns_topic_policy.alarms.policy).Statement[0].Resource == aws_sns_topic.alarms.arn
    error_message = "The policy is the topic's own."
  }
}

run "an_address_that_is_none_is_refused" {
  module {
    source = "./modules/alarms"
  }

  command = plan

  variables {
    emails = ["operator"]
  }

  expect_failures = [var.emails]
}
