"""To a real receiver of OTLP, and to none."""

import json
import socket
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
import structlog

from service.config import TracesSettings
from service.errors import ConfigurationError
from service.telemetry.logs import configure_logs
from service.telemetry.traces.export import BATCH, MOST_WAITING, exporting, open_exporter, read_headers
from service.telemetry.traces.spans import ANALYSE, READ
from service.telemetry.traces.tracing import TRACES
from tests.servers.otlp import collecting
from tests.servers.process import HOST, free_port

UID = "1.2.840.7"
RESOURCE = {"service.name": "preread-infer"}


@contextmanager
def _deaf_listener() -> Iterator[int]:
    """A port that takes connections and says nothing."""
    with socket.create_server((HOST, 0)) as server:
        yield server.getsockname()[1]


@pytest.mark.parametrize("compression", ["gzip", "none"])
def test_collector_gets_spans_and_headers_by_the_end(tmp_path: Path, compression: str) -> None:
    headers = tmp_path / "headers"
    headers.write_text("Authorization: Bearer s3cret\n\nX-Tenant: mammography: two\n")
    with collecting() as collector:
        settings = TracesSettings.model_validate(
            {"endpoint": collector.url, "headers_file": headers, "compression": compression}
        )
        with exporting(settings, RESOURCE), TRACES.at(TRACES.of_study(ANALYSE, UID, 1)), TRACES.part(READ):
            pass
        assert [span.name for span in collector.spans] == ["read", "analyse"]
        assert {span.service for span in collector.spans} == {"preread-infer"}
        assert collector.headers[0]["authorization"] == "Bearer s3cret"
        assert collector.headers[0]["x-tenant"] == "mammography: two"
        assert UID.encode() not in b"".join(collector.bodies)
    assert not TRACES.is_on


@pytest.mark.parametrize("is_deaf", [False, True])
def test_collector_that_is_away_holds_up_nobody(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, is_deaf: bool
) -> None:
    configure_logs("json")
    monkeypatch.setattr("service.telemetry.traces.export.EVERY_S", 0.1)
    with _deaf_listener() as deaf:
        settings = TracesSettings(endpoint=f"http://{HOST}:{deaf if is_deaf else free_port()}", timeout_s=0.5)
        began = time.monotonic()
        with exporting(settings, RESOURCE):
            for _ in range(2 * MOST_WAITING):
                TRACES.tell(ANALYSE, UID, 1, 1)
            making_s = time.monotonic() - began
            time.sleep(1.0)
        whole_s = time.monotonic() - began
    assert whole_s < making_s + 1.0 + 2 * settings.timeout_s
    lines = [json.loads(line) for line in capsys.readouterr().err.splitlines()]
    assert [line["event"] for line in lines] == [
        "the collector of traces takes nothing: spans are dropped until it does"
    ]


def test_log_says_when_the_collector_is_back(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    configure_logs("json")
    monkeypatch.setattr("service.telemetry.traces.export.EVERY_S", 0.1)
    port = free_port()
    settings = TracesSettings(endpoint=f"http://{HOST}:{port}", timeout_s=0.5)
    with exporting(settings, RESOURCE):
        TRACES.tell(ANALYSE, UID, 1, 1)
        time.sleep(1.5)
        with collecting(port) as collector:
            TRACES.tell(READ, UID, 1, 1)
            names = [span.name for span in collector.wait_for(bool)]
    assert names[-1] == "read"
    events = [json.loads(line)["event"] for line in capsys.readouterr().err.splitlines()]
    assert events[-1] == "the collector of traces is back"


def test_log_lines_say_where_in_a_trace_they_belong(capsys: pytest.CaptureFixture[str]) -> None:
    configure_logs("json")
    with collecting() as collector, exporting(TracesSettings(endpoint=collector.url), RESOURCE):
        with TRACES.at(TRACES.of_study(ANALYSE, UID, 1)):
            structlog.get_logger().info("at work", study_instance_uid=UID)
        structlog.get_logger().info("idle")
        (span,) = collector.wait_for(bool)
    work, idle = (json.loads(line) for line in capsys.readouterr().err.splitlines())
    assert (work["trace_id"], work["span_id"]) == (span.trace_id, span.span_id)
    assert work["study_instance_uid"] == span.attributes["preread.study"]
    assert "trace_id" not in idle


def test_batches_fit_into_the_queue() -> None:
    assert BATCH < MOST_WAITING


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        (b"Bearer s3cret", "line 1: write it as NAME: VALUE"),
        (b"\xff", "cannot be read"),
        (None, "cannot be read"),
    ],
)
def test_headers_that_cannot_be_used_are_told_without_their_values(
    tmp_path: Path, text: bytes | None, reason: str
) -> None:
    path = tmp_path / "headers"
    if text is not None:
        path.write_bytes(text)
    with pytest.raises(ConfigurationError, match=reason) as caught:
        read_headers(path)
    assert "s3cret" not in str(caught.value)


def test_missing_certificate_is_told_before_anything_is_sent(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match=r"traces\.ca .* is no file"):
        open_exporter(TracesSettings(endpoint="https://collector.hospital", ca=tmp_path / "none.pem"))
