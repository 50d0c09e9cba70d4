"""What the journal holds of one instance: its ledger entry, and its file, where that is small.

A journal entry is the ledger's as JSON, and the file's head behind it; the content is the dataset.
"""

import json
import struct
from dataclasses import fields
from datetime import datetime

from service.study.model import ReceivedInstance

_LENGTH = struct.Struct(">L")
_FIELDS = tuple(field.name for field in fields(ReceivedInstance))


def encoded(instance: ReceivedInstance, head: bytes = b"") -> bytes:
    """The entry. `head` is what comes before the dataset in the instance's file."""
    # asdict copies deeply, which costs more than all else here.
    values = {name: getattr(instance, name) for name in _FIELDS}
    entry = json.dumps(values | {"received_at": instance.received_at.isoformat()}).encode()
    return _LENGTH.pack(len(entry)) + entry + head


def decoded(entry: memoryview) -> tuple[ReceivedInstance, memoryview]:
    """The instance, and the head of its file.

    Raises ValueError for a record that another version of this service has written in another form.
    """
    try:
        (length,) = _LENGTH.unpack_from(entry)
        values = json.loads(bytes(entry[_LENGTH.size : _LENGTH.size + length]))
        values["received_at"] = datetime.fromisoformat(values["received_at"])
        return ReceivedInstance(**values), entry[_LENGTH.size + length :]
    except (KeyError, TypeError, struct.error) as error:
        raise ValueError("the journal holds a record of another version of this service") from error
