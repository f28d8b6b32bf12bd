variable "name" {
  description = "Name of the API."
  type        = string

  validation {
    condition     = can(regex("^[A-Za-z0-9_-]{1,64}$", var.name))
    error_message = "An API's name has up to 64 letters, digits, _ and - here."
  }
}

variable "function_name" {
  description = "Name of the function behind it."
  type        = string

  validation {
    condition     = can(regex("^[A-Za-z0-9_-]{1,64}$", var.function_name))
    error_message = "A function's name has up to 64 letters, digits, _ and -."
  }
}

variable "alias" {
  description = "The alias of the function that is called."
  type        = string

  validation {
    condition     = can(regex("^[a-z][a-z0-9_-]*$", var.alias))
    error_message = "An alias begins with a letter; lower-case letters, digits, _ and - follow."
  }
}

variable "alias_invoke_arn" {
  description = "The ARN by which an API calls that alias."
  type        = string

  validation {
    condition     = can(regex("^arn:aws[a-z-]*:apigateway:", var.alias_invoke_arn))
    error_message = "Expected the invoke ARN of an alias, which begins with arn:aws:apigateway."
  }
}

variable "stage" {
  description = "Name of the stage: the first part of every path."
  type        = string
  default     = "default"

  validation {
    condition     = can(regex("^[A-Za-z0-9_-]+$", var.stage))
    error_message = "A stage's name is of letters, digits, _ and -."
  }
}

variable "routes" {
  description = "What the world may ask, each as METHOD /path."
  type        = set(string)
  default = [
    "POST /predict", "GET /forecasts", "GET /series", "GET /model", "GET /health", "GET /ready",
    "GET /openapi.json", "GET /docs", "GET /",
  ]

  validation {
    condition     = alltrue([for route in var.routes : can(regex("^(GET|POST) /[a-z.]*$", route))])
    error_message = "Each route is GET or POST and one plain path: no $default, no {proxy+}, no ANY."
  }

  validation {
    condition     = !anytrue([for route in var.routes : can(regex("/(metrics|admin)", route))])
    error_message = "/metrics and /admin are not for the world."
  }
}

variable "throttling_rate" {
  description = "Requests a second that the stage lets through in the long run."
  type        = number
  default     = 20

  validation {
    condition     = var.throttling_rate >= 1 && var.throttling_rate <= 1000
    error_message = "Between 1 and 1000 requests a second."
  }
}

variable "throttling_burst" {
  description = "Requests that the stage lets through at once."
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
  description = "Days that access logs are kept."
  type        = number
  default     = 30

  validation {
    condition     = contains([7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731], var.log_retention_days)
    error_message = "CloudWatch takes 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545 or 731 days here."
  }
}
