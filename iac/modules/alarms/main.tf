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

  alarms = {
    errors = {
      metric      = "Errors"
      description = "The function failed. Look at its log group; the last good version is one call away (iac/README.md)."
      statistic   = "Sum"
      percentile  = null
      threshold   = var.max_errors
    }
    throttles = {
      metric      = "Throttles"
      description = "Lambda turned requests away: raise reserved_concurrency, or the account's limit."
      statistic   = "Sum"
      percentile  = null
      threshold   = var.max_throttles
    }
    latency = {
      metric      = "Duration"
      description = "The slowest hundredth of answers takes too long."
      statistic   = null
      percentile  = "p99"
      threshold   = var.max_p99_ms
    }
  }
}

resource "aws_cloudwatch_metric_alarm" "function" {
  for_each            = local.alarms
  alarm_name          = "${var.name}-${each.key}"
  alarm_description   = each.value.description
  namespace           = "AWS/Lambda"
  metric_name         = each.value.metric
  dimensions          = { FunctionName = var.function_name, Resource = "${var.function_name}:${var.alias}" }
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
