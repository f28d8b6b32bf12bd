variable "name" {
  description = "Name of the bucket; unique among all of S3."
  type        = string

  validation {
    condition     = can(regex("^[a-z0-9][a-z0-9-]{1,61}[a-z0-9]$", var.name))
    error_message = "A bucket's name has 3 to 63 lower-case letters, digits and hyphens (dots break TLS)."
  }
}

variable "partition" {
  description = "AWS partition, for ARNs: aws, aws-cn or aws-us-gov."
  type        = string
  default     = "aws"

  validation {
    condition     = contains(["aws", "aws-cn", "aws-us-gov"], var.partition)
    error_message = "The partition is one of aws, aws-cn and aws-us-gov."
  }
}

variable "destroyable" {
  description = "Whether `terraform destroy` may delete the bucket with the objects in it."
  type        = bool
  default     = false
}

variable "lifecycle_enabled" {
  description = "Whether old versions of replaced objects expire. Off for local applies: an emulated AWS takes a minute over it."
  type        = bool
  default     = true
}

variable "noncurrent_days" {
  description = "Days after which a replaced version is deleted."
  type        = number
  default     = 90

  validation {
    condition     = var.noncurrent_days >= 30 && floor(var.noncurrent_days) == var.noncurrent_days
    error_message = "Keep replaced versions for a whole number of days, at least 30: a mistake may be noticed late."
  }
}
