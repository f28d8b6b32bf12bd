"""MLflow: runs, models and the versions of `<commodity>-price-predictor`."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import date
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from canasta.errors import RegistryUnavailable, UnknownVersion
from canasta.forecast.recipe import Recipe
from canasta.registry.bundle import MANIFEST
from canasta.registry.connection import answering, connect, is_server
from canasta.registry.names import (
    BUNDLE_FOLDER,
    BUNDLE_TAG,
    CHALLENGER,
    CHAMPION,
    RECIPE_TAG,
    SOURCE_TAG,
)
from canasta.registry.objects import sha256

if TYPE_CHECKING:
    from mlflow import MlflowClient

    from canasta.registry.runs import TrackedRun


@dataclass(frozen=True)
class ModelVersion:
    """One registered version.

    Attributes:
        number: counted by MLflow from 1.
        run_id: the run that made it.
        artifact_uri: where MLflow keeps the model.
        recipe: what was fitted.
        source: kind of the lake whose prices it was fitted on.
        bundle_sha256: of the bundle that the run keeps.
        metrics: of the run.
    """

    number: int
    run_id: str
    artifact_uri: str
    recipe: Recipe
    source: str
    bundle_sha256: str
    metrics: Mapping[str, float]


class Tracking:
    """The MLflow at `uri`, as far as one commodity is concerned.

    Nothing is asked before the first call that needs an answer. Every method raises
    RegistryUnavailable when MLflow does not answer.

    Args:
        uri: of a database (`sqlite:///…`) or a server (`http://…`).
        artifact_root: folder or URL under which the experiment keeps its artifacts. A server
            elsewhere decides for itself where a local folder is given.
        commodity: its name.
        replay: whether the past is replayed: under a model name of its own, so that the live
            versions and aliases stay as they are.
    """

    def __init__(
        self, uri: str, artifact_root: str, commodity: str, *, replay: bool = False
    ) -> None:
        self.uri = uri
        self.model_name = f"{commodity}-price-predictor{'-replay' if replay else ''}"
        self._artifact_root = artifact_root

    @contextmanager
    def run(
        self, name: str, tags: Mapping[str, str], params: Mapping[str, Any]
    ) -> Iterator[TrackedRun]:
        """Open a run; it ends as FINISHED, or as FAILED when the block raises.

        Args:
            name: shown in MLflow.
            tags: its lineage, and what to find it by; nested runs carry them too.
            params: nested mappings are flattened, their names joined by dots.
        """
        client = self._client
        # MLflow is imported by the line above, not before: see `connect`.
        import mlflow

        from canasta.registry.runs import TrackedRun

        with answering(self.uri):
            mlflow.set_tracking_uri(self.uri)
            active = mlflow.start_run(
                experiment_id=self._experiment, run_name=name, tags=dict(tags)
            )
        tracked = TrackedRun(client, self.uri, self.model_name, active.info.run_id, tags)
        try:
            tracked.log_params(params)
            yield tracked
        except BaseException:
            # Ctrl-C too ends the run as failed; what went wrong inside matters more than whether
            # the run can be closed.
            with suppress(RegistryUnavailable), answering(self.uri):
                mlflow.end_run("FAILED")
            raise
        with answering(self.uri):
            mlflow.end_run("FINISHED")

    def version(self, number: int) -> ModelVersion:
        """Return one version.

        Raises:
            UnknownVersion: it does not exist, or was registered by something else.
        """
        try:
            with answering(self.uri):
                found = self._client.get_model_version(self.model_name, str(number))
                run = self._client.get_run(str(found.run_id))
                return ModelVersion(
                    number=int(found.version),
                    run_id=run.info.run_id,
                    artifact_uri=self._artifact_uri(str(found.source)),
                    recipe=Recipe.from_dict(json.loads(found.tags[RECIPE_TAG])),
                    source=found.tags[SOURCE_TAG],
                    bundle_sha256=found.tags[BUNDLE_TAG],
                    metrics=dict(run.data.metrics),
                )
        except UnknownVersion as error:
            known = ", ".join(str(known) for known in self.versions()) or "none"
            raise UnknownVersion(
                f"{self.model_name} has no version {number}; known: {known}."
            ) from error
        except KeyError as error:
            raise UnknownVersion(
                f"Version {number} of {self.model_name} has no tag {error}: Canasta did not "
                "register it and cannot promote it."
            ) from error

    def versions(self) -> list[int]:
        """Return the numbers of all versions, ascending."""
        with answering(self.uri):
            found = self._client.search_model_versions(f"name = '{self.model_name}'")
            return sorted(int(version.version) for version in found)

    def version_of(self, bundle_sha256: str) -> int | None:
        """Return the number of the version with this very bundle; None where there is none.

        Equal fits give equal bundles: a run that was killed after it registered a version finds
        it again. What it left open of that version's run is closed.
        """
        named = f"name = '{self.model_name}' and tags.`{BUNDLE_TAG}` = '{bundle_sha256}'"
        with answering(self.uri):
            found = self._client.search_model_versions(named)
            for version in sorted(found, key=lambda version: int(version.version)):
                if self._is_whole(str(version.run_id), bundle_sha256):
                    return int(version.version)
        return None

    def _is_whole(self, run_id: str, bundle_sha256: str) -> bool:
        """Tell whether a run still keeps its bundle; close it, if it was left open."""
        with tempfile.TemporaryDirectory() as folder, suppress(UnknownVersion):
            with answering(self.uri):
                manifest = f"{BUNDLE_FOLDER}/{MANIFEST}"
                path = Path(self._client.download_artifacts(run_id, manifest, folder))
                if self._client.get_run(run_id).info.status == "RUNNING":
                    self._client.set_terminated(run_id)
            return sha256(path.read_bytes()) == bundle_sha256
        return False

    def bundle_files(self, version: ModelVersion) -> dict[str, bytes]:
        """Return the bundle that the version's run keeps: content by file name."""
        with answering(self.uri), tempfile.TemporaryDirectory() as folder:
            path = self._client.download_artifacts(version.run_id, BUNDLE_FOLDER, folder)
            return {file.name: file.read_bytes() for file in sorted(Path(path).iterdir())}

    def log_live(self, number: int, figures: Mapping[date, Mapping[str, float]], mark: str) -> int:
        """Log how a version's forecasts of publications did, to the run that made it.

        Figures of a publication stand at its date, so that MLflow draws them over time. What was
        logged before is left out: after a time without MLflow, all of it may be given again.

        Args:
            number: the version.
            figures: by publication, figures by name.
            mark: the figure that every publication has.

        Returns:
            How many publications were logged now.

        Raises:
            UnknownVersion: it does not exist, or was registered by something else.
        """
        from canasta.registry.runs import log_dated

        version = self.version(number)
        with answering(self.uri):
            return log_dated(self._client, version.run_id, figures, mark)

    def aliases(self) -> dict[str, int]:
        """Return version by alias; empty where no version is registered yet."""
        with suppress(UnknownVersion), answering(self.uri):
            found = self._client.get_registered_model(self.model_name).aliases
            return {alias: int(number) for alias, number in found.items()}
        return {}

    def set_aliases(self, champion: int, challenger: int | None) -> None:
        """Point the aliases at these versions; no challenger removes that alias.

        Raises:
            UnknownVersion: MLflow does not know one of them.
        """
        client = self._client
        with answering(self.uri):
            client.set_registered_model_alias(self.model_name, CHAMPION, str(champion))
            if challenger is None:
                client.delete_registered_model_alias(self.model_name, CHALLENGER)
            else:
                client.set_registered_model_alias(self.model_name, CHALLENGER, str(challenger))

    @cached_property
    def _client(self) -> MlflowClient:
        return connect(self.uri)

    @cached_property
    def _experiment(self) -> str:
        """Return the experiment's id; created at the first use."""
        client = self._client
        found = client.get_experiment_by_name(self.model_name)
        if found is not None:
            return str(found.experiment_id)
        return client.create_experiment(self.model_name, self._artifact_location())

    def _artifact_location(self) -> str | None:
        if urlsplit(self._artifact_root).scheme:
            return self._artifact_root
        if is_server(self.uri):
            return None
        return Path(self._artifact_root).resolve().as_uri()

    def _artifact_uri(self, source: str) -> str:
        """Resolve `models:/<id>` to the folder behind it."""
        model_id = source.removeprefix("models:/")
        if model_id == source:
            return source
        return str(self._client.get_logged_model(model_id).artifact_location)
