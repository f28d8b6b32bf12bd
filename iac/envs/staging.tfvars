# Staging: what main holds. Anybody with a key of staging's may break it; nothing in it must last.
environment        = "staging"
region             = "us-east-1"
auth               = "key"
destroyable        = true
log_retention_days = 14
throttling_rate    = 5
throttling_burst   = 10
