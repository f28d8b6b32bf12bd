"""Staging as Terraform makes it: the project's own iac/run, on a copy and an emulated AWS."""

from __future__ import annotations

import json
import os
import shutil
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from canasta.settings import ROOT
from tests.cloud.emulators import ACCOUNT, CREDENTIALS
from tests.cloud.processes import started
from tests.planned_policies import Resource, planned

BUCKET = f"canasta-state-{ACCOUNT}"
PATIENCE_S = 600.0
QUICK = "-var=lifecycle_enabled=false"
"""An emulated AWS takes a minute over a bucket's lifecycle rule."""

OVERRIDE = """provider "aws" {
  s3_use_path_style           = true
  skip_credentials_validation = true
  skip_metadata_api_check     = true
}
"""
WITHOUT_CONDITIONS = """resource "aws_s3_bucket_policy" "lake" {
  policy = jsonencode({
    Version   = "2012-10-17"
    Statement = [
      { Effect = "Deny", Principal = "*", Action = "s3:PutBucketAcl", Resource = local.arn },
    ]
  })
}
"""
"""Moto looks at no condition of a bucket's policy: to it, denying plain http is denying all."""

BACKEND = """
use_path_style              = true
skip_credentials_validation = true
skip_metadata_api_check     = true
"""
"""What an AWS on a loopback address needs; the addresses themselves are in AWS_ENDPOINT_URL."""


class Failed(Exception):
    """A command of the infrastructure's failed; the message holds what it said."""


@dataclass(frozen=True)
class Staging:
    """A copy of iac/, and an AWS to apply it to.

    Attributes:
        folder: the copy.
        url: of the AWS.
        key_hash: of the key that the API asks for.
        repository: the GitHub repository that may deploy.
    """

    folder: Path
    url: str
    key_hash: str
    repository: str = "owner/canasta"

    @classmethod
    def copied(cls, folder: Path, url: str, key_hash: str) -> Staging:
        """Return staging with a copy of iac/ in `folder`, made fit for an emulated AWS."""
        shutil.copytree(ROOT / "iac", folder, ignore=shutil.ignore_patterns(".terraform"))
        for root in (folder, folder / "bootstrap"):
            (root / "emulated_override.tf").write_text(OVERRIDE, encoding="utf-8")
        storage = folder / "modules" / "storage" / "emulated_override.tf"
        storage.write_text(WITHOUT_CONDITIONS, encoding="utf-8")
        with (folder / "envs" / "staging.s3.tfbackend").open("a", encoding="utf-8") as file:
            file.write(BACKEND)
        return cls(folder, url, key_hash)

    def bootstrap(self) -> None:
        """Make the bucket of states, as iac/README.md says."""
        plugins = os.environ.get("TERRAFORM_PLUGIN_DIR")
        mirror = [f"-plugin-dir={plugins}"] if plugins else []
        place = f"-chdir={self.folder / 'bootstrap'}"
        self._call("terraform", place, "init", "-input=false", "-lockfile=readonly", *mirror)
        self._call("terraform", place, "apply", "-input=false", "-auto-approve", QUICK)

    def apply(self, digest: str, *arguments: str) -> str:
        """Bring it up with the image of that digest."""
        return self._run("apply", digest, "-auto-approve", *arguments)

    def plan(self, digest: str) -> list[Resource]:
        """Plan again, and return what stands.

        Raises:
            Failed: something would change.
        """
        self._run("plan", digest, "-detailed-exitcode", "-out=again.tfplan")
        told = self._call("terraform", f"-chdir={self.folder}", "show", "-json", "again.tfplan")
        return planned(json.loads(told)["resource_changes"])

    def destroy(self) -> str:
        """Tear it down."""
        return self._run("destroy", "", "-auto-approve")

    def held(self) -> list[str]:
        """Return the addresses of what stands."""
        return self._call("terraform", f"-chdir={self.folder}", "state", "list").split()

    def output(self, name: str) -> str:
        """Return one of its outputs."""
        told = self._call("terraform", f"-chdir={self.folder}", "output", "-json", name)
        return str(json.loads(told))

    def _run(self, action: str, digest: str, *arguments: str) -> str:
        return self._call(
            *(str(self.folder / "run"), action, "staging", QUICK, *arguments), IMAGE=digest
        )

    def _call(self, *command: str, **variables: str) -> str:
        # Terraform grumbles where this names a file that is not there.
        inherited = {name: os.environ[name] for name in os.environ if name != "TF_CLI_CONFIG_FILE"}
        with (
            tempfile.TemporaryFile() as told,
            tempfile.TemporaryFile() as errors,
            started(
                list(command), {**inherited, **self._variables, **variables}, told, errors
            ) as run,
        ):
            code = run.wait(PATIENCE_S)
            output, complaint = _all(told), _all(errors)
        if code != 0:
            raise Failed(f"{' '.join(command)}: {code}\n{output}\n{complaint}")
        return output

    @property
    def _variables(self) -> dict[str, str]:
        return {
            **CREDENTIALS,
            "AWS_ENDPOINT_URL": self.url,
            "STATE_BUCKET": BUCKET,
            "NO_COLOR": "1",
            "TF_CLI_ARGS": "-no-color",
            "TF_VAR_api_key_hashes": json.dumps([self.key_hash]),
            "TF_VAR_github_repository": self.repository,
        }


def _all(file: IO[bytes]) -> str:
    file.seek(0)
    return file.read().decode()
