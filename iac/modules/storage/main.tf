# The lake's bucket: every version kept, encrypted, shut to the world, reached over TLS alone.

resource "aws_s3_bucket" "lake" {
  #checkov:skip=CKV_AWS_18: access logs would double the requests; CloudTrail's data events can be turned on per account where someone must know who read public prices
  #checkov:skip=CKV_AWS_144: publications can be fetched again and all else be made again from them; versions guard against mistakes
  #checkov:skip=CKV_AWS_145: prices are public; S3's own keys encrypt them without a charge for each request
  #checkov:skip=CKV2_AWS_62: nothing waits for events; the function looks at the pointer itself
  bucket        = var.name
  force_destroy = var.destroyable
}

resource "aws_s3_bucket_public_access_block" "lake" {
  bucket                  = aws_s3_bucket.lake.id
  block_public_acls       = true
  block_public_policy     = true
  ignore_public_acls      = true
  restrict_public_buckets = true
}

resource "aws_s3_bucket_ownership_controls" "lake" {
  bucket = aws_s3_bucket.lake.id

  rule {
    object_ownership = "BucketOwnerEnforced"
  }
}

resource "aws_s3_bucket_versioning" "lake" {
  bucket = aws_s3_bucket.lake.id

  versioning_configuration {
    status = "Enabled"
  }
}

resource "aws_s3_bucket_server_side_encryption_configuration" "lake" {
  bucket = aws_s3_bucket.lake.id

  rule {
    apply_server_side_encryption_by_default {
      sse_algorithm = "AES256"
    }
  }
}

resource "aws_s3_bucket_policy" "lake" {
  bucket = aws_s3_bucket.lake.id
  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Sid       = "RefusePlainHttp"
      Effect    = "Deny"
      Principal = "*"
      Action    = "s3:*"
      Resource  = [local.arn, "${local.arn}/*"]
      Condition = { Bool = { "aws:SecureTransport" = "false" } }
    }]
  })

  # The two are changes of the same bucket, which S3 takes one after the other.
  depends_on = [aws_s3_bucket_public_access_block.lake]
}

# Old versions of replaced objects (the pointer, the lease) are of use for a while only. Objects
# that are current never expire.
resource "aws_s3_bucket_lifecycle_configuration" "lake" {
  count  = var.lifecycle_enabled ? 1 : 0
  bucket = aws_s3_bucket.lake.id

  rule {
    id     = "old-versions"
    status = "Enabled"

    filter {}

    noncurrent_version_expiration {
      noncurrent_days = var.noncurrent_days
    }

    abort_incomplete_multipart_upload {
      days_after_initiation = 7
    }
  }

  depends_on = [aws_s3_bucket_versioning.lake]
}

locals {
  # From its name, so that policies are known, and can be judged, before anything exists.
  arn = "arn:${var.partition}:s3:::${var.name}"
}
