variable "name" {
  description = "Name of the function's role, and beginning of the pipeline policy's."
  type        = string

  validation {
    condition     = can(regex("^[A-Za-z0-9_-]{1,55}$", var.name))
    error_message = "A role's name has up to 55 letters, digits, _ and - here."
  }
}

variable "bucket_arn" {
  description = "ARN of the lake's bucket."
  type        = string

  validation {
    condition     = can(regex("^arn:aws[a-z-]*:s3:::[a-z0-9-]+$", var.bucket_arn))
    error_message = "Expected the ARN of one bucket, without a path or *."
  }
}

variable "lake_prefix" {
  description = "Folder of the lake in its bucket."
  type        = string

  validation {
    condition     = can(regex("^[a-z0-9][a-z0-9-]*$", var.lake_prefix))
    error_message = "The lake's folder is one name of lower-case letters, digits and hyphens."
  }
}

variable "log_group_arn" {
  description = "ARN of the function's log group, without the final :*."
  type        = string

  validation {
    condition     = can(regex("^arn:aws[a-z-]*:logs:[a-z0-9-]+:[0-9]{12}:log-group:[A-Za-z0-9/_-]+$", var.log_group_arn))
    error_message = "Expected the ARN of one log group, without the final :*."
  }
}
