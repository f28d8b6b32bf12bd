"""Lakes in which something is promoted, made in milliseconds and without MLflow."""

from __future__ import annotations

import math
from dataclasses import dataclass
from datetime import UTC, datetime

from canasta.forecast.outlook import Outlook, forecast
from canasta.forecast.panel import Panel
from canasta.forecast.recipe import XGBOOST, Recipe
from canasta.forecast.training import Trainer
from canasta.parameters import read_parameters
from canasta.registry.bundle import Bundle, bundle_ref, write_bundle
from canasta.registry.decisions import Kind, Record, next_moment, write_record
from canasta.registry.objects import to_json
from canasta.registry.panels import PublishedPanel, write_panel
from canasta.registry.pointer import POINTER, Pointer, Title, current
from canasta.store import Store
from tests.unit.registry.builders import LINEAGE, bundle

NAME = "milk-price-predictor"
TREES = 3


@dataclass(frozen=True)
class PromotedLake:
    """A lake that promotions are written into, in the order of canasta.registry.steps."""

    store: Store

    def promote(self, version: int, made: Bundle, panel: Panel, outlook: Outlook) -> Pointer:
        """Make `made` the champion as `version`, with `outlook` from `panel`."""
        champion = current(self.store)
        if champion is None:
            previous = None
        elif champion.title.version == version:
            previous = champion.previous
        else:
            previous = champion.decision
        return self._install(self._title(version, made), panel, outlook, previous)

    def _title(self, version: int, made: Bundle) -> Title:
        files, folder = write_bundle(made), f"bundles/{version}"
        for name, content in files.items():
            self.store.replace(f"{folder}/{name}", content)
        recipe, ref = made.predictor.recipe, bundle_ref(folder, files)
        rmse = made.metrics.get("rmse", math.nan)
        return Title(NAME, version, f"run-{version}", f"models:/{version}", rmse, recipe, ref)

    def _install(
        self, title: Title, panel: Panel, outlook: Outlook, previous: str | None
    ) -> Pointer:
        published = PublishedPanel(panel, outlook, LINEAGE.fingerprint, title.version)
        panel_ref, content = write_panel(published)
        self.store.write_once(panel_ref.key, content)
        before = current(self.store)
        moment = next_moment(self.store, lambda: datetime(2025, 5, 1, tzinfo=UTC))
        after = Pointer(
            title, moment.isoformat(), panel_ref, panel.origin, None, previous, ""
        ).as_dict()
        record = Record(
            Kind.PROMOTE,
            moment,
            "a test",
            panel.origin,
            LINEAGE,
            None,
            None if before is None else before.as_dict(),
            {name: value for name, value in after.items() if name != "decision"},
        )
        pointer = Pointer.from_dict({**after, "decision": write_record(self.store, record)})
        self.store.replace(POINTER, to_json(pointer.as_dict()))
        return pointer


def quick_champion(panel: Panel, seed: int = 1) -> tuple[Bundle, Outlook]:
    """Fit XGBoost with few trees on `panel`'s own features, and forecast from it."""
    parameters = read_parameters()
    heads = {
        head: {**params, "n_estimators": TREES}
        for head, params in parameters.heads[XGBOOST].items()
    }
    trainer = Trainer.of(panel, parameters.fit, seed)
    fitted = trainer.fit(Recipe(XGBOOST, heads), len(panel.dates) - 1)
    return bundle(fitted), forecast(fitted.predictor, panel, panel.origin)
