output "url" {
  description = "Where the API answers."
  value       = module.api_gateway.url
}

output "lake_url" {
  description = "LAKE_URL for the pipeline, which runs outside AWS."
  value       = "s3://${module.storage.bucket}/${var.lake_prefix}"
}

output "pipeline_policy_arn" {
  description = "Policy to attach to the identity that the pipeline runs as."
  value       = module.iam.pipeline_policy_arn
}

output "image_repository" {
  description = "Where images are pushed."
  value       = module.ecr.url
}

output "function_name" {
  description = "The function."
  value       = module.lambda.function_name
}

output "alias" {
  description = "The alias of it that answers."
  value       = module.lambda.alias
}

output "version" {
  description = "The version that the alias points to."
  value       = module.lambda.version
}

output "deploy_role_arn" {
  description = "The role that GitHub's jobs assume; null without github_repository."
  value       = one(module.github_oidc[*].role_arn)
}

output "alarm_topic_arn" {
  description = "The topic that alarms speak to."
  value       = module.alarms.topic_arn
}
