variable "name" {
  description = "Name of the function."
  type        = string

  validation {
    condition     = can(regex("^[A-Za-z0-9_-]{1,64}$", var.name))
    error_message = "A function's name has up to 64 letters, digits, _ and -."
  }
}

variable "description" {
  description = "What the function is for, as AWS's pages show it."
  type        = string
  default     = ""

  validation {
    condition     = length(var.description) <= 256
    error_message = "A function's description has up to 256 characters."
  }
}

variable "role_arn" {
  description = "ARN of the role that it runs as."
  type        = string

  validation {
    condition     = can(regex("^arn:aws[a-z-]*:iam::[0-9]{12}:role/", var.role_arn))
    error_message = "Expected the ARN of an IAM role."
  }
}

variable "image_uri" {
  description = "The image, by its digest: repository@sha256:…"
  type        = string

  validation {
    condition     = can(regex("^[^@:]+(:[0-9]+)?(/[^@:]+)*@sha256:[0-9a-f]{64}$", var.image_uri))
    error_message = "Name the image by its digest (repository@sha256:…), never by a tag: a tag says nothing about what runs."
  }
}

variable "handler" {
  description = "What the runtime calls, as module.name."
  type        = string
  default     = "deployment.aws_lambda.function.handler"

  validation {
    condition     = can(regex("^[a-z_]+([.][a-z_]+)+$", var.handler))
    error_message = "Expected the dotted name of a Python function."
  }
}

variable "environment" {
  description = "Settings of the application (.env.example describes them)."
  type        = map(string)

  validation {
    condition     = alltrue([for name in ["COMMODITY", "LAKE_URL", "AUTH"] : contains(keys(var.environment), name)])
    error_message = "The application needs COMMODITY, LAKE_URL and AUTH."
  }

  validation {
    condition     = !contains(keys(var.environment), "ADMIN_KEY_HASH")
    error_message = "/admin/reload is not for the world: a function has no admin key."
  }
}

variable "architecture" {
  description = "Processor that the image was built for."
  type        = string
  default     = "x86_64"

  validation {
    condition     = contains(["x86_64", "arm64"], var.architecture)
    error_message = "The architecture is x86_64 or arm64."
  }
}

variable "memory_mb" {
  description = "Memory in MB; processor time grows with it."
  type        = number
  default     = 1024

  validation {
    condition     = var.memory_mb >= 512 && var.memory_mb <= 10240
    error_message = "Between 512 MB, below which what-ifs are slow, and Lambda's limit of 10240."
  }
}

variable "timeout_s" {
  description = "Seconds after which an invocation is ended; the API itself waits 30."
  type        = number
  default     = 15

  validation {
    condition     = var.timeout_s >= 3 && var.timeout_s <= 29
    error_message = "Between 3 s, which a cold start needs, and 29 s, since an HTTP API gives up after 30."
  }
}

variable "reserved_concurrency" {
  description = "Instances that the function has for itself and may not exceed; null for the account's common pool."
  type        = number
  default     = null

  validation {
    condition     = var.reserved_concurrency == null || try(var.reserved_concurrency >= 1, false)
    error_message = "Null for none, or at least 1: with 0 nothing answers."
  }
}

variable "log_retention_days" {
  description = "Days that logs are kept."
  type        = number
  default     = 30

  validation {
    condition     = contains([7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731], var.log_retention_days)
    error_message = "CloudWatch takes 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545 or 731 days here."
  }
}

variable "alias" {
  description = "Name of the alias that the API calls."
  type        = string
  default     = "live"

  validation {
    condition     = can(regex("^[a-z][a-z0-9_-]*$", var.alias))
    error_message = "An alias begins with a letter; lower-case letters, digits, _ and - follow."
  }
}
