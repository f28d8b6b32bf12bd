"""One MLflow run: what is logged to it, and the model that comes out of it.

Imported by `tracking` once `connection` has quietened MLflow, and by nothing else.
"""

from __future__ import annotations

import logging
import math
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path
from time import time
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from mlflow import MlflowClient
from mlflow.entities import Dataset, DatasetInput, InputTag, Metric, Param
from mlflow.exceptions import MlflowException
from mlflow.utils.mlflow_tags import MLFLOW_DATASET_CONTEXT, MLFLOW_PARENT_RUN_ID
from mlflow.utils.validation import MAX_DATASET_DIGEST_SIZE

from canasta.forecast.training import Fitted
from canasta.forecast.tuning import Trial
from canasta.registry.bundle import Bundle, bundle_ref, write_bundle
from canasta.registry.connection import answering
from canasta.registry.flavours import log_model
from canasta.registry.names import BUNDLE_FOLDER, BUNDLE_TAG, RECIPE_TAG, SOURCE_TAG
from canasta.registry.objects import to_json

if TYPE_CHECKING:
    from matplotlib.figure import Figure

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class TrackedRun:
    """One open run."""

    client: MlflowClient
    uri: str
    model_name: str
    id: str
    tags: Mapping[str, str]

    def log_params(self, params: Mapping[str, Any]) -> None:
        """Log parameters; nested mappings are flattened, their names joined by dots."""
        with answering(self.uri):
            self.client.log_batch(self.id, params=_params(params))

    def log_dataset(self, name: str, url: str, fingerprint: str) -> None:
        """Log what the run learns from: MLflow shows it, and finds runs by it.

        Args:
            name: of the dataset.
            url: where it lies.
            fingerprint: of its content; MLflow takes 36 digits of it, the run's tag all.
        """
        scheme = urlsplit(url).scheme
        dataset = Dataset(
            name,
            digest=fingerprint[:MAX_DATASET_DIGEST_SIZE],
            source_type="local" if scheme in {"", "file"} else scheme,
            source=to_json({"uri": url}).decode(),
        )
        context = InputTag(MLFLOW_DATASET_CONTEXT, "training")
        with answering(self.uri):
            self.client.log_inputs(self.id, [DatasetInput(dataset, [context])])

    def log_metrics(self, metrics: Mapping[str, float]) -> None:
        """Log figures by name."""
        with answering(self.uri):
            self.client.log_batch(self.id, metrics=_metrics(metrics))

    def log_trials(self, trials: Sequence[Trial]) -> None:
        """Log each evaluation of a search as a nested run: its parameters, CRPS and lineage."""
        with answering(self.uri):
            experiment = self.client.get_run(self.id).info.experiment_id
            for trial in trials:
                self._log_trial(experiment, trial)

    def log_json(self, name: str, content: Any) -> None:
        """Log `content` as the JSON artifact `name`."""
        with answering(self.uri):
            self.client.log_text(self.id, to_json(content).decode(), name)

    def log_figures(self, figures: Mapping[str, Figure]) -> None:
        """Log matplotlib figures as PNG under `plots/`, by name without ending."""
        with answering(self.uri):
            for name, figure in figures.items():
                self.client.log_figure(self.id, figure, f"plots/{name}.png")

    def register(self, fitted: Fitted, bundle: Bundle) -> int:
        """Log a fitted model in its native flavour with its bundle; register both as a version.

        Args:
            fitted: the model that the library made.
            bundle: the same model as serving reads it.

        Returns:
            The version's number.
        """
        files = write_bundle(bundle)
        with answering(self.uri):
            self._log_files(files)
            source, model_id = log_model(fitted)
            self._ensure_registered_model()
            recipe = bundle.predictor.recipe
            version = self.client.create_model_version(
                self.model_name,
                source,
                self.id,
                tags={
                    RECIPE_TAG: to_json(recipe.as_dict()).decode(),
                    SOURCE_TAG: bundle.source,
                    BUNDLE_TAG: bundle_ref(BUNDLE_FOLDER, files).sha256,
                    "recipe_id": recipe.id,
                    "algorithm": recipe.algorithm,
                },
                model_id=model_id,
            )
        log.info("registered version %s of %s", version.version, self.model_name)
        return int(version.version)

    def _log_trial(self, experiment: str, trial: Trial) -> None:
        child = self.client.create_run(
            experiment,
            tags={
                **self.tags,
                MLFLOW_PARENT_RUN_ID: self.id,
                "algorithm": trial.recipe.algorithm,
            },
            run_name=f"trial {trial.number}",
        ).info.run_id
        metrics = _metrics({"crps": trial.crps})
        self.client.log_batch(child, metrics=metrics, params=_params(trial.recipe.params))
        self.client.set_terminated(child)

    def _log_files(self, files: Mapping[str, bytes]) -> None:
        with tempfile.TemporaryDirectory() as folder:
            for name, content in files.items():
                (Path(folder) / name).write_bytes(content)
            self.client.log_artifacts(self.id, folder, BUNDLE_FOLDER)

    def _ensure_registered_model(self) -> None:
        try:
            self.client.create_registered_model(self.model_name)
        except MlflowException as error:
            if error.error_code != "RESOURCE_ALREADY_EXISTS":
                raise


def log_dated(
    client: MlflowClient, run_id: str, figures: Mapping[date, Mapping[str, float]], mark: str
) -> int:
    """Log figures of days to a run that has ended; return of how many days they are new.

    A figure's step is its day, counted as `date.toordinal` does, its time noon of that day. NaN
    is left out.

    Args:
        client: of MLflow.
        run_id: the run.
        figures: by day, by name.
        mark: the figure that every day has: a day that has it was logged before.
    """
    known = {metric.step for metric in client.get_metric_history(run_id, mark)}
    new = {day: given for day, given in figures.items() if day.toordinal() not in known}
    for day, given in new.items():
        metrics = [
            Metric(name, value, _noon(day), day.toordinal())
            for name, value in given.items()
            if math.isfinite(value)
        ]
        client.log_batch(run_id, metrics=metrics)
    return len(new)


def _noon(day: date) -> int:
    return int(datetime(day.year, day.month, day.day, 12, tzinfo=UTC).timestamp() * 1000)


def _flat(params: Mapping[str, Any], prefix: str = "") -> Iterator[tuple[str, Any]]:
    for name, value in params.items():
        if isinstance(value, Mapping):
            yield from _flat(value, f"{prefix}{name}.")
        else:
            yield f"{prefix}{name}", value


def _params(params: Mapping[str, Any]) -> list[Param]:
    return [Param(name, str(value)) for name, value in _flat(params)]


def _metrics(metrics: Mapping[str, float]) -> list[Metric]:
    moment = int(time() * 1000)
    return [Metric(name, float(value), moment, 0) for name, value in metrics.items()]
