variable "name" {
  description = "Name of the repository."
  type        = string

  validation {
    condition     = can(regex("^[a-z0-9]+([._/-][a-z0-9]+)*$", var.name))
    error_message = "A repository's name is of lower-case letters and digits, parted by single . _ / or -."
  }
}

variable "function_arn" {
  description = "ARN of the function, without a version, that may fetch images."
  type        = string

  validation {
    condition     = can(regex("^arn:aws[a-z-]*:lambda:[a-z0-9-]+:[0-9]{12}:function:[A-Za-z0-9_-]+$", var.function_arn))
    error_message = "Expected the ARN of a Lambda function without a version."
  }
}

variable "destroyable" {
  description = "Whether `terraform destroy` may delete the repository with the images in it."
  type        = bool
  default     = false
}

variable "untagged_days" {
  description = "Days after which an image without a tag is deleted; one with a tag never is."
  type        = number
  default     = 30

  validation {
    condition     = var.untagged_days >= 1 && floor(var.untagged_days) == var.untagged_days
    error_message = "Expected whole days, 1 or more."
  }
}
