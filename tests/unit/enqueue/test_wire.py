import subprocess
import sys
from pathlib import Path

import pika
import pytest

from service.enqueue.port import Envelope
from service.enqueue.rabbitmq.wire import (
    REASON_HEADER,
    REASON_MAX_CHARACTERS,
    attempts_before,
    decode,
    encode,
    persistent,
    traceparent_of,
)


def test_body_round_trips() -> None:
    sent = Envelope("1", "report", {"text": "Größe 検査", "n": 1, "x": None})
    assert decode("report", persistent("1"), encode(sent)) == sent


def test_place_in_a_trace_goes_along_and_nothing_else_is_taken_for_one() -> None:
    sent = Envelope("1", "report", {}, "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01")
    properties = persistent("1", traceparent=sent.traceparent)
    assert decode("report", properties, encode(sent)) == sent
    assert "traceparent" not in persistent("1").headers
    assert traceparent_of(pika.BasicProperties(headers={"traceparent": 7})) == ""


def test_attempts_are_those_of_earlier_copies_and_of_this_one() -> None:
    properties = pika.BasicProperties(headers={"x-preread-attempts": 3, "x-delivery-count": 2})
    assert attempts_before(properties) == 5


@pytest.mark.parametrize("headers", [None, {}, {"x-preread-attempts": "many"}, {"x-preread-attempts": -4}])
def test_attempts_start_at_none_when_the_headers_do_not_tell(headers: dict[str, object] | None) -> None:
    assert attempts_before(pika.BasicProperties(headers=headers)) == 0


def test_long_reason_is_cut_to_what_a_frame_holds() -> None:
    properties = persistent("1", 1, "x" * 1_000_000)
    assert len(properties.headers[REASON_HEADER]) == REASON_MAX_CHARACTERS


def test_messages_outlive_the_broker() -> None:
    assert persistent("1").delivery_mode == 2  # AMQP 0-9-1, basic class


def test_missing_client_says_what_to_install() -> None:
    program = "import sys; sys.modules['pika'] = None; import service.enqueue.rabbitmq"
    ended = subprocess.run(
        [sys.executable, "-c", program],
        cwd=Path(__file__).parents[3],
        capture_output=True,
        text=True,
        check=False,
    )
    assert ended.returncode != 0
    assert "ConfigurationError" in ended.stderr
    assert "pip install preread[rabbitmq]" in ended.stderr
