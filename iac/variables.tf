variable "environment" {
  description = "Which environment this is; part of every name."
  type        = string

  validation {
    condition     = contains(["staging", "prod"], var.environment)
    error_message = "The environment is staging or prod."
  }
}

variable "region" {
  description = "AWS region of everything."
  type        = string

  validation {
    condition     = can(regex("^[a-z]{2}(-[a-z]+)+-[0-9]$", var.region))
    error_message = "Expected a region such as us-east-1."
  }
}

variable "commodity" {
  description = "Whose prices are forecast: a file of that name lies in commodities/."
  type        = string
  default     = "milk"

  validation {
    condition     = can(regex("^[a-z][a-z0-9-]{1,19}$", var.commodity))
    error_message = "A commodity's name has 2 to 20 lower-case letters, digits and hyphens."
  }
}

variable "image_digest" {
  description = "Digest of the function's image in this environment's repository; `make infra-apply` finds it."
  type        = string

  validation {
    condition     = can(regex("^sha256:[0-9a-f]{64}$", var.image_digest))
    error_message = "Expected sha256: and 64 hex digits. `make infra-apply` pushes the image and finds its digest."
  }
}

variable "auth" {
  description = "Whether the API asks for a key (key) or answers anybody (open)."
  type        = string

  validation {
    condition     = contains(["key", "open"], var.auth)
    error_message = "AUTH is key or open."
  }
}

variable "api_key_hashes" {
  description = "SHA-256 of the keys that may ask, given as TF_VAR_api_key_hashes, never in a file here; several while keys rotate."
  type        = list(string)
  default     = []
  sensitive   = true

  validation {
    condition     = alltrue([for hash in var.api_key_hashes : can(regex("^[0-9a-f]{64}$", hash))])
    error_message = "Each is the SHA-256 of a key, 64 hex digits: printf %s \"$key\" | sha256sum. Never the key itself."
  }

  validation {
    condition     = var.auth == "open" || length(var.api_key_hashes) > 0
    error_message = "With auth = \"key\" the application does not start without hashes: export TF_VAR_api_key_hashes='[\"…\"]' (iac/README.md, Keys)."
  }
}

variable "lake_prefix" {
  description = "Folder of the lake in its bucket."
  type        = string
  default     = "lake"

  validation {
    condition     = can(regex("^[a-z0-9][a-z0-9-]*$", var.lake_prefix))
    error_message = "The lake's folder is one name of lower-case letters, digits and hyphens."
  }
}

variable "destroyable" {
  description = "Whether `terraform destroy` may delete the lake and the images with all that is in them."
  type        = bool
  default     = false
}

variable "lifecycle_enabled" {
  description = "Whether old versions of replaced objects expire. Off for local applies: an emulated AWS takes a minute over it."
  type        = bool
  default     = true
}

variable "architecture" {
  description = "Processor that the image was built for: x86_64 or arm64."
  type        = string
  default     = "x86_64"

  validation {
    condition     = contains(["x86_64", "arm64"], var.architecture)
    error_message = "The architecture is x86_64 or arm64."
  }
}

variable "memory_mb" {
  description = "Memory of the function in MB."
  type        = number
  default     = 1024

  validation {
    condition     = var.memory_mb >= 512 && var.memory_mb <= 10240
    error_message = "Between 512 and 10240 MB."
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

variable "throttling_rate" {
  description = "Requests a second that the API lets through in the long run."
  type        = number
  default     = 20

  validation {
    condition     = var.throttling_rate >= 1 && var.throttling_rate <= 1000
    error_message = "Between 1 and 1000 requests a second."
  }
}

variable "throttling_burst" {
  description = "Requests that the API lets through at once."
  type        = number
  default     = 40

  validation {
    condition     = var.throttling_burst >= 1 && var.throttling_burst <= 2000
    error_message = "Between 1 and 2000 requests."
  }
}

variable "cors_origins" {
  description = "Sites whose pages may ask from a browser; empty for none but its own."
  type        = list(string)
  default     = []

  validation {
    condition     = alltrue([for origin in var.cors_origins : can(regex("^https://[a-z0-9.-]+(:[0-9]+)?$", origin))])
    error_message = "Each origin is https://host, without a path and without *."
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

variable "alarm_emails" {
  description = "Who is told of alarms by e-mail; each address confirms first."
  type        = set(string)
  default     = []

  validation {
    condition     = alltrue([for email in var.alarm_emails : can(regex("^[^@ ]+@[^@ ]+[.][^@ ]+$", email))])
    error_message = "Each is an e-mail address."
  }
}

variable "github_repository" {
  description = "The GitHub repository, owner/name, whose jobs may deploy here; null for none."
  type        = string
  default     = null

  validation {
    condition     = var.github_repository == null || can(regex("^[A-Za-z0-9-]+/[A-Za-z0-9._-]+$", var.github_repository))
    error_message = "Expected owner/name, without *."
  }
}

variable "github_owner_id" {
  description = "Id of that repository's owner, where GitHub's tokens name it (iac/README.md, Delivery); null where they do not."
  type        = string
  default     = null

  validation {
    condition     = (var.github_owner_id == null) == (var.github_repository_id == null)
    error_message = "Give github_owner_id and github_repository_id, or neither: gh api repos/owner/name --jq '.id,.owner.id'"
  }

  validation {
    condition     = var.github_owner_id == null || can(regex("^[0-9]+$", var.github_owner_id))
    error_message = "An owner's id is a number: gh api repos/owner/name --jq '.owner.id'"
  }
}

variable "github_repository_id" {
  description = "Id of that repository, where GitHub's tokens name it; null where they do not."
  type        = string
  default     = null

  validation {
    condition     = var.github_repository_id == null || can(regex("^[0-9]+$", var.github_repository_id))
    error_message = "A repository's id is a number: gh api repos/owner/name --jq '.id'"
  }
}
