terraform {
  required_version = ">= 1.11" # locks in S3 without DynamoDB; mocks that hold during a plan

  required_providers {
    aws = {
      source  = "hashicorp/aws"
      version = "5.100.0"
    }
  }

  # Which bucket, which key: envs/<environment>.s3.tfbackend, and the bucket that bootstrap/ made.
  backend "s3" {
    use_lockfile = true
    encrypt      = true
  }
}

provider "aws" {
  region = var.region

  default_tags {
    tags = {
      project     = "canasta"
      environment = var.environment
      commodity   = var.commodity
    }
  }
}
