terraform {
  required_version = ">= 1.11"

  required_providers {
    aws = {
      source  = "hashicorp/aws"
      version = "5.100.0"
    }
  }
  # Its own state stays in this folder, untracked: `terraform import` brings the one bucket back.
}

provider "aws" {
  region = var.region

  default_tags {
    tags = { project = "canasta", environment = "shared" }
  }
}
