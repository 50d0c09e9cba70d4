"""Records of the journal: what was written is read, and what the version before has written, too."""

import json
import struct
from datetime import UTC, datetime

import pytest

from service.accept.intake.journal_record import decoded, encoded
from tests.factories import received

LENGTH = struct.Struct(">L")

BEFORE_CALLED_AE_TITLES = {
    "study_instance_uid": "1.2",
    "series_instance_uid": "1.2.3",
    "sop_instance_uid": "1.2.3.4",
    "sop_class_uid": "1.2.840.10008.5.1.4.1.1.6.1",
    "transfer_syntax_uid": "1.2.840.10008.1.2.1",
    "key": "instances/1.2/1.2.3.4-00.dcm",
    "digest": "00" * 32,
    "size_bytes": 1000,
    "calling_ae_title": "US1",
    "received_at": "2026-01-02T03:04:05+00:00",
}
"""The entry of the version that did not keep the called AE title, key by key."""


def record(values: dict[str, object], head: bytes = b"") -> memoryview:
    entry = json.dumps(values).encode()
    return memoryview(LENGTH.pack(len(entry)) + entry + head)


def test_instance_comes_back_with_the_head_of_its_file() -> None:
    instance = received(called_ae_title="PREREAD_URGENT")
    again, head = decoded(memoryview(encoded(instance, b"head")))
    assert (again, bytes(head)) == (instance, b"head")
    assert again.called_ae_title == "PREREAD_URGENT"


def test_record_of_the_version_before_is_read_without_a_called_ae_title() -> None:
    instance, head = decoded(record(BEFORE_CALLED_AE_TITLES, b"head"))
    assert (instance.sop_instance_uid, instance.called_ae_title, bytes(head)) == ("1.2.3.4", "", b"head")
    assert instance.received_at == datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)


@pytest.mark.parametrize(
    "values",
    [
        {**BEFORE_CALLED_AE_TITLES, "key_of_a_later_version": 1},
        {name: value for name, value in BEFORE_CALLED_AE_TITLES.items() if name != "digest"},
    ],
)
def test_record_of_another_form_is_refused_and_not_guessed(values: dict[str, object]) -> None:
    with pytest.raises(ValueError, match="another version"):
        decoded(record(values))
