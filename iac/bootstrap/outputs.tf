output "bucket" {
  description = "Name of the bucket."
  value       = module.state.bucket
}
