# One environment: a lake, a function that answers from it, and the way in.
#
# storage ── iam ──┐
#    ecr ──────── lambda ── api_gateway
#                   ├────── alarms
#                   └────── github_oidc

data "aws_caller_identity" "current" {}

data "aws_partition" "current" {}

locals {
  name       = "canasta-${var.commodity}-${var.environment}"
  account_id = data.aws_caller_identity.current.account_id
  partition  = data.aws_partition.current.partition
  # ARNs are made from names: so every policy is known in the plan, before anything exists.
  bucket       = "${local.name}-lake-${local.account_id}"
  bucket_arn   = "arn:${local.partition}:s3:::${local.bucket}"
  function_arn = "arn:${local.partition}:lambda:${var.region}:${local.account_id}:function:${local.name}"
  logs_arn     = "arn:${local.partition}:logs:${var.region}:${local.account_id}:log-group:/aws/lambda/${local.name}"
}

module "storage" {
  source            = "./modules/storage"
  name              = local.bucket
  partition         = local.partition
  destroyable       = var.destroyable
  lifecycle_enabled = var.lifecycle_enabled
}

module "ecr" {
  source       = "./modules/ecr"
  name         = local.name
  function_arn = local.function_arn
  destroyable  = var.destroyable
}

module "iam" {
  source        = "./modules/iam"
  name          = local.name
  bucket_arn    = local.bucket_arn
  lake_prefix   = var.lake_prefix
  log_group_arn = local.logs_arn
}

module "lambda" {
  source               = "./modules/lambda"
  name                 = local.name
  role_arn             = module.iam.function_role_arn
  image_uri            = "${module.ecr.url}@${var.image_digest}"
  architecture         = var.architecture
  memory_mb            = var.memory_mb
  reserved_concurrency = var.reserved_concurrency
  log_retention_days   = var.log_retention_days
  description          = "Canasta: price forecasts of ${var.commodity}"
  environment = merge(
    {
      COMMODITY = var.commodity
      LAKE_URL  = "s3://${module.storage.bucket}/${var.lake_prefix}"
      AUTH      = var.auth
    },
    # How many there are is no secret; if it were, a plan would hide all the other variables with it.
    nonsensitive(length(var.api_key_hashes) > 0) ? { API_KEY_HASHES = join(",", var.api_key_hashes) } : {},
  )
}

module "api_gateway" {
  source             = "./modules/api_gateway"
  name               = local.name
  function_name      = module.lambda.function_name
  alias              = module.lambda.alias
  alias_invoke_arn   = module.lambda.alias_invoke_arn
  throttling_rate    = var.throttling_rate
  throttling_burst   = var.throttling_burst
  cors_origins       = var.cors_origins
  log_retention_days = var.log_retention_days
}

module "alarms" {
  source        = "./modules/alarms"
  name          = "${local.name}-alarms"
  account_id    = local.account_id
  region        = var.region
  partition     = local.partition
  function_name = module.lambda.function_name
  alias         = module.lambda.alias
  api_id        = module.api_gateway.id
  stage         = module.api_gateway.stage
  emails        = var.alarm_emails
}

check "somebody_is_told" {
  assert {
    condition     = var.environment != "prod" || length(var.alarm_emails) > 0
    error_message = "Nobody is told when production fails: set alarm_emails in envs/prod.tfvars."
  }
}

module "github_oidc" {
  count           = var.github_repository == null ? 0 : 1
  source          = "./modules/github_oidc"
  name            = "${local.name}-deploy"
  repository      = var.github_repository
  owner_id        = var.github_owner_id
  repository_id   = var.github_repository_id
  environment     = var.environment
  account_id      = local.account_id
  region          = var.region
  partition       = local.partition
  repository_name = module.ecr.name
  function_name   = local.name
}
