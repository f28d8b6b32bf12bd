variable "name" {
  description = "Name of the topic, and beginning of the alarms'."
  type        = string

  validation {
    condition     = can(regex("^[A-Za-z0-9_-]{1,200}$", var.name))
    error_message = "A topic's name is of letters, digits, _ and -."
  }
}

variable "account_id" {
  description = "The account whose alarms may speak."
  type        = string

  validation {
    condition     = can(regex("^[0-9]{12}$", var.account_id))
    error_message = "An account's id has 12 digits."
  }
}

variable "region" {
  description = "AWS region, for ARNs."
  type        = string

  validation {
    condition     = can(regex("^[a-z]{2}(-[a-z]+)+-[0-9]$", var.region))
    error_message = "Expected a region such as us-east-1."
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

variable "function_name" {
  description = "Name of the function that is watched."
  type        = string

  validation {
    condition     = can(regex("^[A-Za-z0-9_-]{1,64}$", var.function_name))
    error_message = "A function's name has up to 64 letters, digits, _ and -."
  }
}

variable "alias" {
  description = "The alias of it that is watched."
  type        = string

  validation {
    condition     = can(regex("^[a-z][a-z0-9_-]*$", var.alias))
    error_message = "An alias begins with a letter; lower-case letters, digits, _ and - follow."
  }
}

variable "api_id" {
  description = "Id of the API whose answers are watched."
  type        = string

  validation {
    condition     = can(regex("^[A-Za-z0-9]+$", var.api_id))
    error_message = "An API's id is of letters and digits."
  }
}

variable "stage" {
  description = "The stage of it that is watched."
  type        = string

  validation {
    condition     = can(regex("^([$]default|[A-Za-z0-9_-]+)$", var.stage))
    error_message = "A stage's name is of letters, digits, _ and -."
  }
}

variable "emails" {
  description = "Who is told by e-mail; each address confirms first."
  type        = set(string)
  default     = []

  validation {
    condition     = alltrue([for email in var.emails : can(regex("^[^@ ]+@[^@ ]+[.][^@ ]+$", email))])
    error_message = "Each is an e-mail address."
  }
}

variable "max_failures" {
  description = "Answers of 5xx in five minutes that are borne in silence."
  type        = number
  default     = 0

  validation {
    condition     = var.max_failures >= 0
    error_message = "0 or more."
  }
}

variable "max_refusals" {
  description = "Answers of 4xx in five minutes that are borne in silence: askers err, and some guess."
  type        = number
  default     = 100

  validation {
    condition     = var.max_refusals >= 0
    error_message = "0 or more."
  }
}

variable "max_errors" {
  description = "Failed invocations in five minutes that are borne in silence."
  type        = number
  default     = 0

  validation {
    condition     = var.max_errors >= 0
    error_message = "0 or more."
  }
}

variable "max_throttles" {
  description = "Invocations in five minutes that Lambda may turn away in silence."
  type        = number
  default     = 0

  validation {
    condition     = var.max_throttles >= 0
    error_message = "0 or more."
  }
}

variable "max_p99_ms" {
  description = "Milliseconds that the slowest hundredth of invocations may take, over five minutes."
  type        = number
  default     = 3000

  validation {
    condition     = var.max_p99_ms >= 100 && var.max_p99_ms <= 29000
    error_message = "Between 100 ms and 29 s, Lambda's time-out here."
  }
}
