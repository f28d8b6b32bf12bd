# Production. Its lake and its images survive a `terraform destroy`, which then fails: say
# destroyable = true, apply, and destroy again where that is truly meant.
environment        = "prod"
region             = "us-east-1"
auth               = "key"
destroyable        = false
log_retention_days = 90
throttling_rate    = 20
throttling_burst   = 40
# alarm_emails     = ["operator@example.com"]
# Where both environments share an account, only the first makes GitHub's OIDC provider:
# create_github_provider = false
