terraform {
  required_version = ">= 1.11"

  required_providers {
    aws = {
      source  = "hashicorp/aws"
      version = "5.100.0"
    }
  }
  # Its own state stays in this folder, untracked, and need not be kept: `terraform import` brings
  # back what it knew (iac/README.md).
}

provider "aws" {
  region = var.region

  default_tags {
    tags = { project = "canasta", environment = "shared" }
  }
}
