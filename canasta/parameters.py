"""`params.toml`, typed: search spaces, windows, margins and thresholds."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from canasta.errors import SettingsError

PARAMETERS = Path(__file__).resolve().parent.parent / "params.toml"


class _Section(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class BacktestParameters(_Section):
    """Origins evaluated, and publications that must stay for training before them."""

    origins: Annotated[int, Field(ge=1)]
    training: Annotated[int, Field(ge=1)]


class GateParameters(_Section):
    """Margins of the gate; skills and losses in percent."""

    min_origins: Annotated[int, Field(ge=2)]
    crps_skill: float
    dm_persistence: float
    rmse_skill: float
    crps_champion: float
    dm_champion: float
    slice_loss: float
    slice_dm: float


class TrainingParameters(_Section):
    """Origins left out at the start, and the size at which changes are clipped."""

    warm_up: Annotated[int, Field(ge=0)]
    clip: Annotated[float, Field(gt=0)]


class HurdleParameters(_Section):
    """Constants of the hurdle mixture and of its calibration.

    Attributes:
        held_out: newest publications whose targets calibrate.
        atoms: sizes in each direction.
        bands: of the predicted size, each with a spread of its own.
        tilt: weight of the direct mean in the mean of the distribution, from 0 to 1.
        change_ridge, up_ridge: pull of each calibration towards changing nothing.
        probability_floor: distance of calibrated probabilities from 0 and 1.
        up_floor: distance of a tilted P(up) from 0 and 1.
    """

    held_out: Annotated[int, Field(ge=1)]
    atoms: Annotated[int, Field(ge=1)]
    bands: Annotated[int, Field(ge=1)]
    tilt: Annotated[float, Field(ge=0, le=1)]
    change_ridge: Annotated[float, Field(gt=0)]
    up_ridge: Annotated[float, Field(gt=0)]
    probability_floor: Annotated[float, Field(gt=0, lt=0.5)]
    up_floor: Annotated[float, Field(gt=0, lt=0.5)]


class EmpiricalParameters(_Section):
    """Changes that the market counts in the baseline, for each publication of the horizon."""

    weight: Annotated[float, Field(gt=0)]


class TuningParameters(_Section):
    """Number of validation folds, their length and what is learnt before each, in publications."""

    folds: Annotated[int, Field(ge=1)]
    fold_length: Annotated[int, Field(ge=1)]
    history: Annotated[int, Field(ge=1)]


class Dimension(_Section):
    """One dimension of a search space; `q` is the step of the quantised kinds."""

    kind: Literal["uniform", "loguniform", "quniform", "qloguniform"]
    low: float
    high: float
    q: float | None = None

    @model_validator(mode="after")
    def _is_coherent(self) -> Self:
        if self.kind.startswith("q") != (self.q is not None):
            raise ValueError("q belongs to quniform and qloguniform, and they need it")
        if not self.low < self.high or ("log" in self.kind and self.low <= 0):
            raise ValueError("low must be below high, and above 0 on a log scale")
        return self


class QualityLimits(_Section):
    """Limits of the data contract; shares lie between 0 and 1.

    Attributes:
        checksum_tolerance: relative difference between a stated and a computed average.
        max_implausible_share: of the quoted cells that may lie outside the plausible range.
        max_changed_share: above it a block is quarantined.
        few_changed_share, many_changed_share: outside of them a block is flagged.
        jump_share: relative change of one price that is flagged, never deleted.
        isolated_days: days from a block with none before it to the next: more, and its date is
            taken for mistyped, as is one that lies so far after its file's own date.
        confirmations: later publications that must repeat a quarantined block to release it.
    """

    checksum_tolerance: float
    max_implausible_share: float
    max_changed_share: float
    few_changed_share: float
    many_changed_share: float
    jump_share: float
    isolated_days: Annotated[int, Field(ge=1)]
    confirmations: Annotated[int, Field(ge=1)]


class DriftParameters(_Section):
    """What drift is looked for in, and how often a false alarm is put up with.

    Attributes:
        window_days: the days looked at.
        reference_days: the days before them that they are held against.
        history_days: of the past that thresholds are learnt from.
        least_history: publications without which no threshold is learnt.
        least_windows: past windows that do not overlap without which none is learnt of windows.
        tail: share of the past that makes the tail of a quantity.
        alert_rate: probability of an ALERT on an undisturbed publication, all checks together.
        warning_rate: the same of anything worse than OK.
        pages: newest pages of each kind of report that the archive keeps.
    """

    window_days: Annotated[int, Field(ge=1)]
    reference_days: Annotated[int, Field(ge=1)]
    history_days: Annotated[int, Field(ge=1)]
    least_history: Annotated[int, Field(ge=10)]
    least_windows: Annotated[float, Field(gt=1)]
    tail: Annotated[float, Field(gt=0, lt=0.5)]
    alert_rate: Annotated[float, Field(gt=0, lt=0.5)]
    warning_rate: Annotated[float, Field(gt=0, lt=0.5)]
    pages: Annotated[int, Field(ge=1)]

    @model_validator(mode="after")
    def _is_coherent(self) -> Self:
        if not self.alert_rate <= self.warning_rate < self.tail:
            raise ValueError("alert_rate <= warning_rate < tail must hold")
        return self


class LiveParameters(_Section):
    """When live outcomes take the title from a champion.

    Attributes:
        least: publications of its recipe's reign that must be scored.
        most: publications that count, the newest.
        dm: Diebold-Mariano statistic by which it must be behind persistence.
        ban: publications for which its recipe may not win.
    """

    least: Annotated[int, Field(ge=2)]
    most: Annotated[int, Field(ge=2)]
    dm: Annotated[float, Field(gt=0)]
    ban: Annotated[int, Field(ge=0)]

    @model_validator(mode="after")
    def _is_coherent(self) -> Self:
        if self.most < self.least:
            raise ValueError("most must not be below least")
        return self


class FitParameters(_Section):
    """What decides a fit beside its recipe."""

    training: TrainingParameters
    hurdle: HurdleParameters
    empirical: EmpiricalParameters


class Parameters(_Section):
    """All of `params.toml`."""

    backtest: BacktestParameters
    gate: GateParameters
    training: TrainingParameters
    tuning: TuningParameters
    space: Mapping[str, Mapping[str, Dimension]]
    hurdle: HurdleParameters
    empirical: EmpiricalParameters
    heads: Mapping[str, Mapping[str, Mapping[str, float | int]]]
    quality: QualityLimits
    drift: DriftParameters
    live: LiveParameters

    @property
    def fit(self) -> FitParameters:
        """What decides a fit beside its recipe."""
        return FitParameters(training=self.training, hurdle=self.hurdle, empirical=self.empirical)


def read_parameters(path: Path = PARAMETERS) -> Parameters:
    """Read `params.toml`.

    Raises:
        SettingsError: the file is missing, or a value is malformed, missing or unknown.
    """
    try:
        return Parameters.model_validate(tomllib.loads(path.read_text(encoding="utf-8")))
    except (OSError, tomllib.TOMLDecodeError, ValidationError) as error:
        raise SettingsError(f"{path} cannot be used: {error}") from error
