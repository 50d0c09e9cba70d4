"""What travels between stages over a broker: references, not pixels.

Messages of an earlier version may still be queued during an upgrade: add fields with defaults only, and
raise SCHEMA_VERSION when a reader must know of the change.
"""

from dataclasses import asdict, dataclass, fields
from typing import Any, ClassVar, Self

from service.errors import InvalidMessage, NewerMessage
from service.study.model import Priority

SCHEMA_VERSION = 1
URGENT_SUFFIX = ".urgent"
"""Ends the name of every queue for urgent work."""


@dataclass(frozen=True, slots=True)
class _Message:
    """What all messages share: the study, its revision, and the version of the message."""

    study_instance_uid: str
    revision: int

    kind: ClassVar[str]

    @property
    def work(self) -> str:
        """What is to be done, whatever the priority: one name for each piece of work on a revision."""
        return self.kind

    def to_json(self) -> dict[str, Any]:
        """This message as JSON types, with its kind and schema version."""
        return {"kind": self.kind, "schema_version": SCHEMA_VERSION, **asdict(self)}

    @classmethod
    def from_json(cls, body: dict[str, Any]) -> Self:
        """Raises InvalidMessage for another kind or missing fields, NewerMessage for a newer version."""
        if body.get("kind") != cls.kind:
            raise InvalidMessage(f"expected a message of kind {cls.kind!r}, got {body.get('kind')!r}")
        if body.get("schema_version", 0) > SCHEMA_VERSION:
            raise NewerMessage(
                f"message has schema version {body['schema_version']}, this worker knows {SCHEMA_VERSION}: "
                "upgrade the worker"
            )
        known = {field.name: body[field.name] for field in fields(cls) if field.name in body}
        try:
            return cls(**known)
        except TypeError as error:
            raise InvalidMessage(f"message of kind {cls.kind!r}: {error}") from None


@dataclass(frozen=True, slots=True)
class InferenceRequest(_Message):
    """Run one classifier on one revision of a study."""

    classifier: str
    priority: Priority = Priority.ROUTINE
    assume_body_part: str = ""

    kind: ClassVar[str] = "inference"

    @property
    def work(self) -> str:
        """One classifier."""
        return inference_queue(self.classifier, Priority.ROUTINE)

    @property
    def queue(self) -> str:
        """The queue of this classifier and priority."""
        return inference_queue(self.classifier, Priority(self.priority))


@dataclass(frozen=True, slots=True)
class ReportRequest(_Message):
    """Write the result objects of one revision of a study."""

    kind: ClassVar[str] = "report"
    queue: ClassVar[str] = "report"


@dataclass(frozen=True, slots=True)
class AssessmentRequest(_Message):
    """Write the objects that tell what people say of the results of one revision of a study."""

    kind: ClassVar[str] = "assessment"
    queue: ClassVar[str] = "assessment"


@dataclass(frozen=True, slots=True)
class DeliveryRequest(_Message):
    """Send the result objects of one revision of a study to one destination."""

    destination: str

    kind: ClassVar[str] = "delivery"

    @property
    def work(self) -> str:
        """One destination."""
        return self.queue

    @property
    def queue(self) -> str:
        """The queue of this destination: one that is down holds up nobody else."""
        return delivery_queue(self.destination)


Message = InferenceRequest | ReportRequest | AssessmentRequest | DeliveryRequest
_KINDS: tuple[type[Message], ...] = (InferenceRequest, ReportRequest, AssessmentRequest, DeliveryRequest)


def read_message(body: dict[str, Any]) -> Message:
    """The message of any kind. Raises InvalidMessage, NewerMessage."""
    for kind in _KINDS:
        if body.get("kind") == kind.kind:
            return kind.from_json(body)
    raise InvalidMessage(
        f"no message of this version has kind {body.get('kind')!r}; known: "
        f"{', '.join(kind.kind for kind in _KINDS)}"
    )


def inference_queue(classifier: str, priority: Priority) -> str:
    """Queue name: `inference.<classifier>` or `inference.<classifier>.urgent`."""
    name = f"inference.{classifier}"
    return f"{name}{URGENT_SUFFIX}" if priority is Priority.URGENT else name


def queues_of_work(work: str) -> tuple[str, ...]:
    """Where the messages that ask for a piece of work go: routine and urgent ones."""
    inference = inference_queue("", Priority.ROUTINE)
    return (work, f"{work}{URGENT_SUFFIX}") if work.startswith(inference) else (work,)


def delivery_queue(destination: str) -> str:
    """Queue name: `delivery.<destination>`."""
    return f"delivery.{destination}"
