# What all environments of one account share, made once, by hand: the bucket that holds their states,
# and the provider that lets GitHub's tokens in. An environment that goes takes neither with it.

data "aws_caller_identity" "current" {}

data "aws_partition" "current" {}

module "state" {
  source            = "../modules/storage"
  name              = "canasta-state-${data.aws_caller_identity.current.account_id}"
  partition         = data.aws_partition.current.partition
  destroyable       = var.destroyable
  lifecycle_enabled = var.lifecycle_enabled
}

# It lets nobody in by itself: each environment's role says which repository's jobs may take it.
resource "aws_iam_openid_connect_provider" "github" {
  count          = var.github_provider ? 1 : 0
  url            = "https://token.actions.githubusercontent.com"
  client_id_list = ["sts.amazonaws.com"]
}
