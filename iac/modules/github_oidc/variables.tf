variable "name" {
  description = "Name of the role."
  type        = string

  validation {
    condition     = can(regex("^[A-Za-z0-9_-]{1,64}$", var.name))
    error_message = "A role's name has up to 64 letters, digits, _ and -."
  }
}

variable "repository" {
  description = "The repository whose jobs may deploy, as owner/name."
  type        = string

  validation {
    condition     = can(regex("^[A-Za-z0-9-]+/[A-Za-z0-9._-]+$", var.repository))
    error_message = "Expected owner/name, without * : one repository deploys."
  }
}

variable "environment" {
  description = "The environment of that repository whose jobs may deploy."
  type        = string

  validation {
    condition     = can(regex("^[a-z][a-z0-9-]*$", var.environment))
    error_message = "Expected the name of one environment, without *."
  }
}

variable "owner_id" {
  description = "Id of the repository's owner, where tokens name it; null where they do not."
  type        = string
  default     = null

  validation {
    condition     = var.owner_id == null || can(regex("^[0-9]+$", var.owner_id))
    error_message = "An owner's id is a number: gh api repos/owner/name --jq '.owner.id'"
  }

  validation {
    condition     = (var.owner_id == null) == (var.repository_id == null)
    error_message = "A token names both ids or none: give the owner's and the repository's."
  }
}

variable "repository_id" {
  description = "Id of the repository, where tokens name it; null where they do not."
  type        = string
  default     = null

  validation {
    condition     = var.repository_id == null || can(regex("^[0-9]+$", var.repository_id))
    error_message = "A repository's id is a number: gh api repos/owner/name --jq '.id'"
  }
}

variable "branch" {
  description = "The branch whose jobs may deploy."
  type        = string
  default     = "main"

  validation {
    condition     = can(regex("^[A-Za-z0-9._/-]+$", var.branch))
    error_message = "Expected the name of one branch, without *."
  }
}

variable "account_id" {
  description = "AWS account, for ARNs."
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

variable "repository_name" {
  description = "Name of the image repository that is pushed to."
  type        = string

  validation {
    condition     = can(regex("^[a-z0-9]+([._/-][a-z0-9]+)*$", var.repository_name))
    error_message = "Expected the name of one image repository, without *."
  }
}

variable "function_name" {
  description = "Name of the function whose alias is shifted."
  type        = string

  validation {
    condition     = can(regex("^[A-Za-z0-9_-]{1,64}$", var.function_name))
    error_message = "Expected the name of one function, without *."
  }
}
