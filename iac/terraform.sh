# What the scripts here share; to be sourced.
# shellcheck shell=bash

say() { printf '%s\n' "-- $*" >&2; }

stop() {
  printf '%s\n' "$2" >&2
  exit "$1"
}

# A setting of the machine may name a file that is not there: Terraform then grumbles each time.
[ -e "${TF_CLI_CONFIG_FILE:-/}" ] || unset TF_CLI_CONFIG_FILE
export TF_IN_AUTOMATION=true CHECKPOINT_DISABLE=true

plugins=()
if [ -n "${TERRAFORM_PLUGIN_DIR:-}" ]; then
  plugins=(-plugin-dir="$TERRAFORM_PLUGIN_DIR")
fi

need_terraform() {
  local version
  command -v terraform >/dev/null ||
    stop 69 "Terraform is missing. Get 1.11 or newer from https://developer.hashicorp.com/terraform/install"
  version=$(terraform version | sed -n '1s/^Terraform v//p')
  [ "$(printf '%s\n' 1.11 "$version" | sort -V | head -n 1)" = 1.11 ] ||
    stop 69 "Terraform $version is too old: 1.11 or newer is needed (locks in S3, mocks in plans)."
}

need_aws() {
  command -v aws >/dev/null ||
    stop 69 "The AWS command line is missing: https://docs.aws.amazon.com/cli/latest/userguide/getting-started-install.html"
}
