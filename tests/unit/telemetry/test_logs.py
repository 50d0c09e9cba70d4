import json
import logging

import pytest
import structlog

from service.telemetry.logs import configure_logs
from service.telemetry.uid_hash import uid_hash

UID = "1.2.826.0.1.3680043.10.99"


def test_logs_hash_uids(capsys: pytest.CaptureFixture[str]) -> None:
    configure_logs("json")
    structlog.get_logger().info("study received", study_instance_uid=UID, instances=2)
    entry = json.loads(capsys.readouterr().err)
    assert entry["study_instance_uid"] == uid_hash(UID)
    assert (entry["instances"], entry["event"]) == (2, "study received")


def test_logs_show_uids_when_the_operator_opts_in(capsys: pytest.CaptureFixture[str]) -> None:
    configure_logs("json", show_uids=True)
    structlog.get_logger().info("study received", study_instance_uid=UID)
    assert json.loads(capsys.readouterr().err)["study_instance_uid"] == UID


def test_libraries_stay_silent() -> None:
    configure_logs("json")
    for library in ("pydicom", "pika", "opentelemetry.sdk.trace"):
        assert not logging.getLogger(library).isEnabledFor(logging.ERROR)
