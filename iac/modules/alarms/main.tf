# Who is told when the API fails, drags or turns people away.

resource "aws_sns_topic" "alarms" {
  #checkov:skip=CKV_AWS_26: CloudWatch cannot publish to a topic under AWS's own SNS key, and one's own costs a dollar a month to hide the name of an alarm
  name = var.name
}

resource "aws_sns_topic_policy" "alarms" {
  arn = aws_sns_topic.alarms.arn
  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Sid       = "OurAlarmsTell"
      Effect    = "Allow"
      Principal = { Service = "cloudwatch.amazonaws.com" }
      Action    = "sns:Publish"
      Resource  = local.topic_arn
      Condition = { StringEquals = { "aws:SourceAccount" = var.account_id } }
    }]
  })
}

resource "aws_sns_topic_subscription" "email" {
  for_each  = var.emails
  topic_arn = aws_sns_topic.alarms.arn
  protocol  = "email"
  endpoint  = each.value
}

locals {
  topic_arn = "arn:${var.partition}:sns:${var.region}:${var.account_id}:${var.name}"

  function = { FunctionName = var.function_name, Resource = "${var.function_name}:${var.alias}" }
  api      = { ApiId = var.api_id, Stage = var.stage }

  # To Lambda an answer of 500 is a success, and what the stage throttles it never sees: the API's
  # own counts tell of both.
  alarms = {
    failures = {
      namespace   = "AWS/ApiGateway"
      metric      = "5xx"
      dimensions  = local.api
      description = "Answers were 5xx: no forecast could be given (503), or a fault of ours (500). Look at /ready and the function's log group; iac/README.md says how to go back."
      statistic   = "Sum"
      percentile  = null
      threshold   = var.max_failures
    }
    refusals = {
      namespace   = "AWS/ApiGateway"
      metric      = "4xx"
      dimensions  = local.api
      description = "Many requests were turned away: too many at once (429), without a valid key (401), or asked wrongly. The access log says which."
      statistic   = "Sum"
      percentile  = null
      threshold   = var.max_refusals
    }
    errors = {
      namespace   = "AWS/Lambda"
      metric      = "Errors"
      dimensions  = local.function
      description = "The function itself failed: it did not start, ran out of memory or of time. Look at its log group; iac/README.md says how to go back."
      statistic   = "Sum"
      percentile  = null
      threshold   = var.max_errors
    }
    throttles = {
      namespace   = "AWS/Lambda"
      metric      = "Throttles"
      dimensions  = local.function
      description = "Lambda turned requests away: raise reserved_concurrency, or the account's limit."
      statistic   = "Sum"
      percentile  = null
      threshold   = var.max_throttles
    }
    latency = {
      namespace   = "AWS/Lambda"
      metric      = "Duration"
      dimensions  = local.function
      description = "The slowest hundredth of answers takes too long."
      statistic   = null
      percentile  = "p99"
      threshold   = var.max_p99_ms
    }
  }
}

resource "aws_cloudwatch_metric_alarm" "api" {
  for_each            = local.alarms
  alarm_name          = "${var.name}-${each.key}"
  alarm_description   = each.value.description
  namespace           = each.value.namespace
  metric_name         = each.value.metric
  dimensions          = each.value.dimensions
  statistic           = each.value.statistic
  extended_statistic  = each.value.percentile
  comparison_operator = "GreaterThanThreshold"
  threshold           = each.value.threshold
  period              = 300
  evaluation_periods  = 1
  treat_missing_data  = "notBreaching"
  alarm_actions       = [aws_sns_topic.alarms.arn]
  ok_actions          = [aws_sns_topic.alarms.arn]
}
