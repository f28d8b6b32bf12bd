# Who may do what: the function reads what is promoted, writes its own logs and traces, and that is
# all. Whoever runs the pipeline, outside, gets a policy to attach; no user, no key is made here.

locals {
  lake = "${var.bucket_arn}/${var.lake_prefix}"
  # What the function reads: what is promoted, whose lake it is, and, where a file of the champion's
  # is damaged, the decisions before it, which lead to an earlier one.
  served = ["promoted/*", "bundles/*", "panels/*", "decisions/*", "lake.json"]
}

resource "aws_iam_role" "function" {
  name        = var.name
  description = "What the function may do: read what is promoted, write its own logs and traces."
  assume_role_policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Effect    = "Allow"
      Principal = { Service = "lambda.amazonaws.com" }
      Action    = "sts:AssumeRole"
    }]
  })
}

resource "aws_iam_role_policy" "function" {
  #checkov:skip=CKV_AWS_355: X-Ray scopes neither of its two writing actions to a resource
  #checkov:skip=CKV_AWS_290: the two X-Ray actions again; all else is scoped to this lake and this log group
  name = "read-promoted-write-logs"
  role = aws_iam_role.function.id
  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [
      {
        Sid      = "ReadWhatIsPromoted"
        Effect   = "Allow"
        Action   = ["s3:GetObject"]
        Resource = [for keys in local.served : "${local.lake}/${keys}"]
      },
      {
        # Without it S3 answers 403, not 404, for what is not there, and "nothing is promoted"
        # would look like wrong credentials. It also lets the function list the names, not the
        # contents, of all that the bucket holds, which is this lake alone. A condition on s3:prefix
        # cannot prevent that: a read that finds nothing has no prefix, nor has a listing of all.
        Sid      = "TellAbsentFromForbidden"
        Effect   = "Allow"
        Action   = ["s3:ListBucket"]
        Resource = [var.bucket_arn]
      },
      {
        Sid      = "WriteItsOwnLogs"
        Effect   = "Allow"
        Action   = ["logs:CreateLogStream", "logs:PutLogEvents"]
        Resource = ["${var.log_group_arn}:*"]
      },
      {
        Sid      = "WriteTraces"
        Effect   = "Allow"
        Action   = ["xray:PutTraceSegments", "xray:PutTelemetryRecords"]
        Resource = ["*"]
      },
    ]
  })
}

resource "aws_iam_policy" "pipeline" {
  name        = "${var.name}-pipeline"
  description = "For whoever runs the daily pipeline outside AWS: read and write this lake alone."
  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [
      {
        Sid      = "KeepTheLake"
        Effect   = "Allow"
        Action   = ["s3:DeleteObject", "s3:GetObject", "s3:PutObject"]
        Resource = ["${local.lake}/*"]
      },
      {
        Sid      = "ListTheLake"
        Effect   = "Allow"
        Action   = ["s3:ListBucket"]
        Resource = [var.bucket_arn]
      },
    ]
  })
}
