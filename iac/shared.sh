# What the scripts here share; to be sourced before anything else, where the caller stands.
# shellcheck shell=bash
shopt -s inherit_errexit # without it a command that fails inside $(…) passes for one that did not

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
  case $TERRAFORM_PLUGIN_DIR in /*) ;; *) TERRAFORM_PLUGIN_DIR=$PWD/$TERRAFORM_PLUGIN_DIR ;; esac
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

# The digest of the image under a tag; nothing where there is none. Lambda takes one image, not an
# index of several, which is what engines push together with attestations.
tagged() {
  local told
  told=$(aws ecr describe-images --repository-name "$1" --image-ids "imageTag=$2" --output text \
    --query 'imageDetails[0].[imageDigest, imageManifestMediaType]' 2>&1) ||
    case $told in
      *ImageNotFoundException*) return 0 ;;
      *) stop 69 "ECR does not say which image is $1:$2. $told" ;;
    esac
  case $told in
    *image.index* | *manifest.list*)
      stop 65 "$1:$2 is an index of images, which Lambda does not take. A tag never moves: delete it
(aws ecr batch-delete-image --repository-name $1 --image-ids imageTag=$2) and build it anew."
      ;;
  esac
  [[ $told =~ sha256:[0-9a-f]{64} ]] || stop 69 "Expected the digest of $1:$2, got: $told"
  echo "${BASH_REMATCH[0]}"
}
