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
  emails        = ["operator@example.com"]
}

run "errors_throttles_and_slow_answers_are_told" {
  module {
    source = "./modules/alarms"
  }

  command = plan

  assert {
    condition     = { for key, alarm in aws_cloudwatch_metric_alarm.function : key => alarm.metric_name } == { errors = "Errors", throttles = "Throttles", latency = "Duration" }
    error_message = "There are these three alarms."
  }

  assert {
    condition     = aws_cloudwatch_metric_alarm.function["latency"].extended_statistic == "p99"
    error_message = "The slowest hundredth is watched, not the mean."
  }

  assert {
    condition     = alltrue([for alarm in aws_cloudwatch_metric_alarm.function : alarm.dimensions["Resource"] == "canasta-test:live"])
    error_message = "The alias that answers is watched."
  }

  assert {
    condition     = alltrue([for alarm in aws_cloudwatch_metric_alarm.function : alarm.alarm_actions == toset([aws_sns_topic.alarms.arn])])
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
