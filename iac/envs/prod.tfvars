# Production. Its lake and its images survive, so iac/run does not destroy it: say
# destroyable = true, apply, and destroy where that is truly meant.
environment        = "prod"
region             = "us-east-1"
auth               = "key"
destroyable        = false
log_retention_days = 90
throttling_rate    = 20
throttling_burst   = 40
# Without an address nobody is told of an alarm, and each plan warns of it:
# alarm_emails     = ["operator@example.com"]
