variable "region" {
  description = "AWS region of the states; the same as in envs/*.s3.tfbackend."
  type        = string
  default     = "us-east-1"

  validation {
    condition     = can(regex("^[a-z]{2}(-[a-z]+)+-[0-9]$", var.region))
    error_message = "Expected a region such as us-east-1."
  }
}

variable "destroyable" {
  description = "Whether `terraform destroy` may delete the bucket with the states in it."
  type        = bool
  default     = false
}

variable "lifecycle_enabled" {
  description = "Whether old versions of states expire. Off for local applies: an emulated AWS takes a minute over it."
  type        = bool
  default     = true
}

variable "github_provider" {
  description = "Whether to make GitHub's OIDC provider; false where another project of the account made it, or nothing is delivered from GitHub."
  type        = bool
  default     = true
}
