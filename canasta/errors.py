"""Every error that Canasta raises on purpose.

    CanastaError                    exit code 1
    ├── SettingsError               a setting is malformed or unknown
    ├── CommodityError              a commodity file is missing or malformed
    ├── SimulationError             the simulated publisher cannot do what was asked
    ├── PublicationError            anything wrong with what the source gave us
    │   ├── SourceUnreachable       no answer, or an answer that is not a file
    │   ├── NoPublication           nothing found, and the lake is empty
    │   └── NotAWorkbook            bytes came, but not the expected workbook
    ├── LakeError                   anything wrong with the stored data
    │   ├── LakeEmpty               the work needs a history that is not there yet
    │   ├── LakeMismatch            the lake belongs to another commodity or source
    │   ├── LakeUnreachable         S3 does not answer, or refuses
    │   │   └── AccessDenied        it refuses this object, which may be a missing one
    │   └── ObjectCorrupt           a stored object does not match its hash or schema
    ├── FeaturesMismatch            a model was fitted on features that are not computed
    ├── TooLittleHistory            fewer publications than the work needs
    ├── UnknownSeries               no series has the labels that were asked for
    │   ├── UnknownLabel            one of them is none of its column's
    │   └── AmbiguousLabels         they may mean several series
    ├── RegistryError               anything wrong with MLflow or the promoted objects
    │   ├── RegistryUnavailable     MLflow does not answer
    │   ├── UnknownVersion          the named version does not exist
    │   ├── NoChampion              nothing is promoted yet
    │   └── NoPreviousChampion      there is no champion to roll back to
    ├── NotReproducible         a version, fitted again, comes out otherwise, or cannot be
    ├── DeliveryError               a message did not get through to people
    │   ├── DeliveryPutOff          it may later: no answer, too many messages, a refused token
    │   ├── ChatClosed              the bot may not write to that chat
    │   └── ContentRefused          Telegram does not take what it says
    ├── StepsFailed                 the report is out, but steps beside it failed
    ├── ServerError                 a background server does not start or answer
    └── RunInProgress               another run holds the lake (exit code 75)

A class exists for each situation that a caller treats differently. Messages say what was
expected, what came, and what to do; they never hold a secret.
"""

from dataclasses import dataclass, field
from datetime import date


class CanastaError(Exception):
    """Base of all errors raised on purpose; `exit_code` is what a command returns."""

    exit_code = 1


class SettingsError(CanastaError):
    """A setting is malformed or unknown."""


class CommodityError(CanastaError):
    """A commodity file is missing or malformed."""


class SimulationError(CanastaError):
    """The simulated publisher cannot do what was asked."""


@dataclass(frozen=True, slots=True)
class Arrived:
    """What came of a file: all of it, or as much as there was before it failed.

    Attributes:
        date: the one in the file's name.
        url: where it lay, without credentials.
        content: the bytes, at most as many as the commodity's files may have.
    """

    date: date
    url: str
    content: bytes = field(repr=False)


class PublicationError(CanastaError):
    """Something is wrong with what the source gave us.

    Attributes:
        arrived: what had come of the file by then; None: nothing.
    """

    def __init__(self, message: str, arrived: Arrived | None = None) -> None:
        super().__init__(message)
        self.arrived = arrived


class SourceUnreachable(PublicationError):
    """The source did not answer, or answered with an error.

    Attributes:
        passing: whether the same request may succeed soon: a time-out, a lost connection, 5xx.
    """

    def __init__(
        self, message: str, arrived: Arrived | None = None, *, passing: bool = False
    ) -> None:
        super().__init__(message, arrived)
        self.passing = passing


class NoPublication(PublicationError):
    """No publication was found and the lake is empty."""


class NotAWorkbook(PublicationError):
    """Bytes came, but they are not the expected workbook."""


class LakeError(CanastaError):
    """Something is wrong with the stored data."""


class LakeEmpty(LakeError):
    """The work needs a history that is not there yet."""


class LakeMismatch(LakeError):
    """The lake belongs to another commodity or another kind of source."""


class LakeUnreachable(LakeError):
    """The lake's server does not answer, refuses the credentials, or knows no such bucket."""


class AccessDenied(LakeUnreachable):
    """S3 refuses an object to credentials it knows; if they may not list, a missing one too."""


class ObjectCorrupt(LakeError):
    """A stored object does not match its hash or its schema."""


class FeaturesMismatch(CanastaError):
    """A model was fitted on features that this release does not compute."""


class TooLittleHistory(CanastaError):
    """Fewer publications than the work needs."""


class UnknownSeries(CanastaError):
    """No series has the labels that were asked for."""


class AmbiguousLabels(UnknownSeries):
    """Labels may mean several series."""


class UnknownLabel(UnknownSeries):
    """A label is none of its column's.

    Args:
        message: what to show.
        column: that it was asked for.
        nearest: known labels that are like it; empty for none.
    """

    def __init__(self, message: str, column: str, nearest: tuple[str, ...]) -> None:
        super().__init__(message)
        self.column = column
        self.nearest = nearest


class RegistryError(CanastaError):
    """Something is wrong with MLflow or with the promoted objects."""


class RegistryUnavailable(RegistryError):
    """MLflow does not answer."""


class UnknownVersion(RegistryError):
    """The named model version does not exist."""


class NoChampion(RegistryError):
    """Nothing is promoted yet."""


class NoPreviousChampion(RegistryError):
    """There is no champion to roll back to."""


class NotReproducible(CanastaError):
    """A version, fitted again, comes out otherwise than recorded, or its data or code is gone."""


class DeliveryError(CanastaError):
    """A message did not get through to people."""


class DeliveryPutOff(DeliveryError):
    """It may get through later.

    Attributes:
        wait_s: seconds that the service asked to wait; None where it did not.
    """

    def __init__(self, message: str, wait_s: float | None = None) -> None:
        super().__init__(message)
        self.wait_s = wait_s


class ChatClosed(DeliveryError):
    """The bot may not write to that chat: it was removed, or blocked."""


class ContentRefused(DeliveryError):
    """Telegram does not take what the message says, or knows no such chat."""


@dataclass(frozen=True, slots=True)
class FailedStep:
    """A step that failed beside a report.

    Attributes:
        step: its name.
        error: name of the class of what it raised.
        reason: what that says; empty where it was not made to be shown, and may hold a secret.
    """

    step: str
    error: str
    reason: str

    def __str__(self) -> str:
        return f"{self.step}: {self.error}{f': {self.reason}' if self.reason else ''}"


class StepsFailed(CanastaError):
    """The report was published, but steps beside it failed: scoring, watching, telling.

    Attributes:
        failed: these steps.
    """

    def __init__(self, message: str, failed: tuple[FailedStep, ...] = ()) -> None:
        super().__init__(message)
        self.failed = failed


class ServerError(CanastaError):
    """A background server does not start or does not answer."""


class RunInProgress(CanastaError):
    """Another run holds the lake; try again when it has ended."""

    exit_code = 75  # EX_TEMPFAIL of sysexits.h
