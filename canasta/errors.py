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
    │   └── ObjectCorrupt           a stored object does not match its hash or schema
    ├── FeaturesMismatch            a model was fitted on features that are not computed
    ├── TooLittleHistory            fewer publications than the work needs
    ├── RegistryError               anything wrong with MLflow or the promoted objects
    │   ├── RegistryUnavailable     MLflow does not answer
    │   ├── UnknownVersion          the named version does not exist
    │   ├── NoChampion              nothing is promoted yet
    │   └── NoPreviousChampion      there is no champion to roll back to
    ├── ServerError                 a background server does not start or answer
    └── RunInProgress               another run holds the lake (exit code 75)

A class exists for each situation that a caller treats differently. Messages say what was
expected, what came, and what to do; they never hold a secret.
"""


class CanastaError(Exception):
    """Base of all errors raised on purpose; `exit_code` is what a command returns."""

    exit_code = 1


class SettingsError(CanastaError):
    """A setting is malformed or unknown."""


class CommodityError(CanastaError):
    """A commodity file is missing or malformed."""


class SimulationError(CanastaError):
    """The simulated publisher cannot do what was asked."""


class PublicationError(CanastaError):
    """Something is wrong with what the source gave us."""


class SourceUnreachable(PublicationError):
    """The source did not answer, or answered with an error."""


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


class ObjectCorrupt(LakeError):
    """A stored object does not match its hash or its schema."""


class FeaturesMismatch(CanastaError):
    """A model was fitted on features that this release does not compute."""


class TooLittleHistory(CanastaError):
    """Fewer publications than the work needs."""


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


class ServerError(CanastaError):
    """A background server does not start or does not answer."""


class RunInProgress(CanastaError):
    """Another run holds the lake; try again when it has ended."""

    exit_code = 75  # EX_TEMPFAIL of sysexits.h
