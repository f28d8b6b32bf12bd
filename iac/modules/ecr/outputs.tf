output "url" {
  description = "URL of the repository, to push to."
  value       = aws_ecr_repository.images.repository_url

  # A function can be made of an image only once Lambda may fetch it.
  depends_on = [aws_ecr_repository_policy.images]
}

output "name" {
  description = "Name of the repository."
  value       = aws_ecr_repository.images.name
}
