import json
from typing import Any

import pytest

from service.errors import InvalidMessage, NewerMessage
from service.study.messages import (
    SCHEMA_VERSION,
    DeliveryRequest,
    InferenceRequest,
    Message,
    ReportRequest,
    read_message,
)
from service.study.model import Priority

MESSAGES: list[Message] = [
    InferenceRequest("1.2", 3, "us-mass", Priority.URGENT),
    ReportRequest("1.2", 3),
    DeliveryRequest("1.2", 3, "pacs"),
]


@pytest.mark.parametrize("message", MESSAGES)
def test_message_survives_json(message: Message) -> None:
    assert type(message).from_json(json.loads(json.dumps(message.to_json()))) == message


def test_each_message_names_its_queue() -> None:
    assert [message.queue for message in MESSAGES] == ["inference.us-mass.urgent", "report", "delivery.pacs"]


@pytest.mark.parametrize(
    ("change", "complaint"),
    [
        ({"kind": "report"}, "expected a message of kind 'inference'"),
        ({"classifier": None}, "missing 1 required"),
    ],
)
def test_message_that_is_not_understood_is_refused(change: dict[str, Any], complaint: str) -> None:
    body = MESSAGES[0].to_json() | change
    body = {key: value for key, value in body.items() if value is not None}
    with pytest.raises(InvalidMessage, match=complaint):
        InferenceRequest.from_json(body)


def test_message_of_a_newer_version_waits_for_a_newer_worker() -> None:
    body = MESSAGES[0].to_json() | {"schema_version": SCHEMA_VERSION + 1}
    with pytest.raises(NewerMessage, match="upgrade the worker"):
        InferenceRequest.from_json(body)


@pytest.mark.parametrize("message", MESSAGES)
def test_message_is_read_whatever_its_kind(message: Message) -> None:
    assert read_message(message.to_json()) == message


def test_unknown_fields_of_a_message_are_passed_over() -> None:
    body = MESSAGES[1].to_json() | {"added_later": 1}
    assert ReportRequest.from_json(body) == MESSAGES[1]


OF_VERSION_1 = [
    (
        '{"kind": "inference", "schema_version": 1, "study_instance_uid": "1.2", "revision": 3, '
        '"classifier": "us-mass", "priority": "urgent", "assume_body_part": ""}',
        InferenceRequest("1.2", 3, "us-mass", Priority.URGENT),
    ),
    (
        '{"kind": "report", "schema_version": 1, "study_instance_uid": "1.2", "revision": 3}',
        ReportRequest("1.2", 3),
    ),
    (
        '{"kind": "delivery", "schema_version": 1, "study_instance_uid": "1.2", "revision": 3, '
        '"destination": "pacs"}',
        DeliveryRequest("1.2", 3, "pacs"),
    ),
]
"""As they lie in queues while an installation is upgraded. Never change these: add those of a new version."""


@pytest.mark.parametrize(("queued", "message"), OF_VERSION_1)
def test_message_that_an_earlier_version_queued_is_still_understood(queued: str, message: Message) -> None:
    assert read_message(json.loads(queued)) == message
