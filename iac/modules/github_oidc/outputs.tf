output "role_arn" {
  description = "ARN of the role that GitHub's jobs assume."
  value       = aws_iam_role.deploy.arn
}
