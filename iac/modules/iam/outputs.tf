output "function_role_arn" {
  description = "ARN of the role that the function runs as."
  value       = aws_iam_role.function.arn

  # The function needs what its role may do from its first moment on.
  depends_on = [aws_iam_role_policy.function]
}

output "pipeline_policy_arn" {
  description = "ARN of the policy for whoever runs the pipeline."
  value       = aws_iam_policy.pipeline.arn
}
