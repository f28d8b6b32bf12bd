# The bucket that holds the states of all environments of one account; made once, by hand.

data "aws_caller_identity" "current" {}

data "aws_partition" "current" {}

module "state" {
  source            = "../modules/storage"
  name              = "canasta-state-${data.aws_caller_identity.current.account_id}"
  partition         = data.aws_partition.current.partition
  destroyable       = var.destroyable
  lifecycle_enabled = var.lifecycle_enabled
}
