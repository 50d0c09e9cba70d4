"""Which trace is a study's: computed from the study, so that no stage has to be told.

A stage may begin with a message, with a row of the ledger, or again after a crash: wherever it does, it finds
the same trace. The hash leads to no UID.
"""

from hashlib import sha256
from typing import NamedTuple

_TRACE_BYTES, _SPAN_BYTES = 16, 8


class Root(NamedTuple):
    """The root span of a trace (W3C Trace Context)."""

    trace_id: int
    span_id: int


def root_of(study_instance_uid: str, revision: int) -> Root:
    """The root of the trace of one revision of a study. Neither ID is 0, which would be none."""
    digest = sha256(f"preread trace {revision} {study_instance_uid}".encode()).digest()
    trace, span = digest[:_TRACE_BYTES], digest[_TRACE_BYTES : _TRACE_BYTES + _SPAN_BYTES]
    return Root(int.from_bytes(trace) or 1, int.from_bytes(span) or 1)
