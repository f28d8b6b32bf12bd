output "function_name" {
  description = "Name of the function."
  value       = aws_lambda_function.api.function_name
}

output "alias" {
  description = "Name of the alias that says which version answers."
  value       = aws_lambda_alias.live.name
}

output "version" {
  description = "The version that answers."
  value       = aws_lambda_alias.live.function_version
}

output "alias_invoke_arn" {
  description = "What an API's integration calls."
  value       = aws_lambda_alias.live.invoke_arn
}
