output "url" {
  description = "URL of the repository, to push to."
  value       = aws_ecr_repository.images.repository_url
}

output "name" {
  description = "Name of the repository."
  value       = aws_ecr_repository.images.name
}
