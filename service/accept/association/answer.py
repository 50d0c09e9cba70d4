"""How requests are answered: the status, and what explains it (PS3.7 annex C)."""

from dataclasses import dataclass
from enum import IntEnum

MAX_COMMENT_CHARACTERS = 64
"""Of Error Comment (0000,0902), whose value representation is LO."""


class ServiceStatus(IntEnum):
    """Statuses of services other than storage (PS3.7 annex C; those of C-STORE: StoreStatus)."""

    SUCCESS = 0x0000
    """The request was carried out, durably."""
    INVALID_ATTRIBUTE_VALUE = 0x0106
    """An attribute has a value that it must not have."""
    PROCESSING_FAILURE = 0x0110
    """The dataset is not readable, the step is final, or an error nobody foresaw."""
    DUPLICATE_SOP_INSTANCE = 0x0111
    """There is a SOP Instance with this UID."""
    NO_SUCH_SOP_INSTANCE = 0x0112
    """There is no SOP Instance with this UID."""
    NO_SUCH_EVENT_TYPE = 0x0113
    """The event type is not known."""
    INVALID_ARGUMENT_VALUE = 0x0115
    """Action or Event Information lacks what it needs, or is about a transaction that is not ours."""
    INVALID_SOP_INSTANCE = 0x0117
    """The SOP Instance UID breaks the rules of UIDs."""
    NO_SUCH_SOP_CLASS = 0x0118
    """The SOP Class is not the one of the presentation context."""
    MISSING_ATTRIBUTE = 0x0120
    """A required attribute is absent."""
    MISSING_ATTRIBUTE_VALUE = 0x0121
    """A required attribute is empty."""
    NO_SUCH_ACTION = 0x0123
    """The action type is not known."""
    UNRECOGNIZED_OPERATION = 0x0211
    """No such service is offered in this presentation context."""
    RESOURCE_LIMITATION = 0x0213
    """The dataset is too long, or the ledger does not answer; not carried out."""


@dataclass(frozen=True, slots=True)
class Answer:
    """A response. `comment` is for a person at the peer: ASCII, and no patient data."""

    status: int
    comment: str = ""
    error_id: int | None = None
    """Error ID (0000,0903)."""
    sop_instance_uid: str = ""
    """Affected SOP Instance UID where the request has none."""


class RequestRefused(Exception):  # noqa: N818 - named for the decision
    """A request cannot be carried out; `answer` says why."""

    def __init__(self, status: ServiceStatus, comment: str, error_id: int | None = None) -> None:
        super().__init__(comment)
        self.answer = Answer(status, comment[:MAX_COMMENT_CHARACTERS], error_id)
