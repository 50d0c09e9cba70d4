"""The errors of the service. The parent decides what happens to the work, the name says what is wrong.

PrereadError
├── Refused        the input is not for us: explain it, never retry      -> ack, reason recorded
│   ├── NotDicom, MissingAttribute, UnsafeUID, UIDMismatch, TooLarge
│   ├── UnsupportedPixels, DamagedFile
│   ├── NotSignedIn, NotAllowed, TooManyRequests, NotUnderstood, NotHere
│   └── NotAnalysable, Overtaken
├── Permanent      the same attempt would fail again                     -> dead letter
│   ├── InvalidMessage, InvalidTransition, ObjectRejected, ConfigurationError
│   └── ConflictingInstance, NotInThisState, UnexpectedAnswer
└── Retryable      the world may be better in a while                    -> retry with delay
    ├── BrokerUnavailable, StoreUnavailable, LedgerUnavailable, WorklistUnavailable
    ├── PeerUnavailable
    │   └── PeerRefused
    │       └── PeerAborted
    ├── NotConfirmed
    └── OutOfSpace, EngineLost, NewerMessage
"""


class PrereadError(Exception):
    """Root of everything this service raises on purpose."""


class Refused(PrereadError):  # noqa: N818 - named for the decision, not for being an error
    """The input is not for us. Recorded with its reason; never retried."""


class Permanent(PrereadError):  # noqa: N818
    """The same attempt would fail again: dead letter."""


class Retryable(PrereadError):  # noqa: N818
    """A later attempt may succeed: retry with a delay."""


class NotDicom(Refused):
    """The bytes are not a readable DICOM dataset."""


class MissingAttribute(Refused):
    """An attribute without which the dataset cannot be kept or used is absent or empty."""


class UnsafeUID(Refused):
    """A UID breaks PS3.5 section 9.1 (digits and dots, at most 64), so it cannot name a file."""


class UIDMismatch(Refused):
    """The dataset's UIDs differ from the ones in the C-STORE request (PS3.4 B.2.3)."""


class TooLarge(Refused):
    """The dataset is larger than the configured bound."""


class UnsupportedPixels(Refused):
    """The pixel data cannot be decoded: truncated, or of a kind this service does not read."""


class DamagedFile(Refused):
    """The bytes in the store are not those that were kept there."""


class NotSignedIn(Refused):
    """Nobody knows who asks for this, and it is not for everybody."""


class NotAllowed(Refused):
    """Whoever asks for this may not have it."""


class TooManyRequests(Refused):
    """Somebody asks too often."""


class NotUnderstood(Refused):
    """The worklist does not take a request as it is; the message says what it takes."""


class NotHere(Refused):
    """The worklist has no such study, image or object."""


class NotAnalysable(Refused):
    """The image is outside what the classifier was made for."""


class Unfamiliar(NotAnalysable):
    """The classifier's guard has never seen anything like this image or frame."""


class Overtaken(Refused):
    """A message whose work is asked for by a more urgent one."""


class InvalidMessage(Permanent):
    """A message on a queue is not one this version understands."""


class InvalidTransition(Permanent):
    """An event that the state does not know."""


class NotInThisState(InvalidTransition):
    """What a person asks for does not go with the state that the study is in; the message says what does."""


class InvalidAssessment(Permanent):
    """What a person says of a result is not complete or not understood; the message says what to enter."""


class ObjectRejected(Permanent):
    """The PACS answered that it will not take this object."""


class ConfigurationError(Permanent):
    """The configuration cannot be used; the message names key, value and what is allowed."""


class ConflictingInstance(Permanent):
    """Other bytes are already kept under this SOP Instance UID."""


class UnexpectedAnswer(Permanent):
    """A server's answer is not of the form that is known: another server, or another version."""


class BrokerUnavailable(Retryable):
    """The broker does not answer or has not confirmed."""


class StoreUnavailable(Retryable):
    """The instance store does not answer."""


class LedgerUnavailable(Retryable):
    """The ledger's database does not answer."""


class WorklistUnavailable(Retryable):
    """The worklist cannot be reached, or cannot answer at the moment."""


class PeerUnavailable(Retryable):
    """The DICOM peer does not answer, or answered that it is out of resources."""


class PeerRefused(PeerUnavailable):
    """The peer answers, and will not do what it was asked."""


class PeerAborted(PeerRefused):
    """The peer has answered a question with A-ABORT: it refuses, or is being stopped."""


class NotOurs(PeerRefused):
    """A worklist manager does not let us change a workitem: another one has it, or it has ended."""


class NotConfirmed(Retryable):
    """The PACS has been sent something and has not confirmed yet that it holds it."""


class OutOfSpace(Retryable):
    """Free space is below the watermark."""


class NewerMessage(Retryable):
    """A message on a queue is of a newer version than this worker: a newer worker will take it."""


class EngineLost(Retryable):
    """The GPU has failed under a classifier. The worker's process must end; another one may do the work."""
