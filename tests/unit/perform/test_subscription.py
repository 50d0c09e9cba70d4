import json
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
import structlog

from service.config import TaskManager
from service.errors import ConfigurationError
from service.perform.events import CANCEL_REQUESTED, UpsEvent, parse_event
from service.perform.subscription import Subscription, check_subscription
from service.study.workitem import WorkitemState
from tests.servers.ups_channel import with_channel
from tests.servers.ups_rs import UpsServer, serving
from tests.unit.accept.doubles import wait_for
from tests.unit.perform.site import UID, Site, analyse

TASK = {"code": "US-MASS", "scheme": "99TEST", "classifiers": ["us-mass"], "destinations": ["pacs"]}


def manager(url: str, **settings: Any) -> TaskManager:
    values = {"name": "ris", "url": url, "tasks": [TASK], "subscriber": "PREREAD", "timeout_s": 10.0}
    return TaskManager.model_validate(values | settings)


@contextmanager
def listening(ups: UpsServer, hear: Any, **settings: Any) -> Iterator[threading.Thread]:
    stop = threading.Event()
    subscription = Subscription(manager(ups.url, **settings), hear)
    thread = threading.Thread(target=subscription.run, args=(stop,))
    thread.start()
    try:
        yield thread
    finally:
        stop.set()
        thread.join()


@pytest.mark.parametrize("as_list", [True, False])
def test_report_is_read(as_list: bool) -> None:
    body: Any = {
        "00001000": {"vr": "UI", "Value": ["1.9.1"]},
        "00001002": {"vr": "US", "Value": [2]},
        "00741238": {"vr": "LT", "Value": ["other images"]},
    }
    event = parse_event(json.dumps([body] if as_list else body))
    assert event == UpsEvent("1.9.1", CANCEL_REQUESTED, "", "other images")


@pytest.mark.parametrize("message", ["", "[]", "1", "{}", '{"00001002": 3}', b"\xff", "[" * 100_000])
def test_what_is_no_report_is_none(message: str | bytes) -> None:
    assert parse_event(message) is None


def test_request_to_cancel_ends_our_workitem(site: Site) -> None:
    offered, performer = site.offer(), site.performer()
    performer.turn()
    with with_channel(site.ups), listening(site.ups, performer.hear):
        wait_for(lambda: any(site.ups.subscribers.values()))
        assert site.ups.request_cancel(UID, "other images")
        wait_for(lambda: bool(site.held().cancel_asked))
    performer.turn()
    assert (offered.state, site.held().state) == ("CANCELED", WorkitemState.CANCELED)
    assert site.held().reason == "canceled as asked for (RIS): other images"
    with site.ledger.read() as tx:
        assert tx.workitems.of_study(site.held().study_instance_uid) == ()


def test_request_about_what_is_over_or_not_ours_changes_nothing(site: Site) -> None:
    site.offer()
    performer = site.performer()
    performer.turn()
    analyse(site.ledger)
    site.pass_time()
    performer.turn()
    for event in (UpsEvent(UID, CANCEL_REQUESTED), UpsEvent("1.9.9", CANCEL_REQUESTED), UpsEvent(UID, 1)):
        performer.hear(event)
    assert (site.held().state, site.held().cancel_asked) == (WorkitemState.COMPLETED, "")


def test_channel_that_ends_is_opened_again(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("service.perform.subscription.AGAIN_AFTER_S", 0.05)
    with serving() as ups, with_channel(ups), listening(ups, lambda event: None):
        wait_for(lambda: bool(ups.subscribers.get("PREREAD")))
        first = ups.subscribers["PREREAD"][0]
        first.close()
        wait_for(lambda: bool(ups.subscribers["PREREAD"]) and ups.subscribers["PREREAD"][0] is not first)


@pytest.mark.parametrize(
    ("channel", "said"),
    [("ws://elsewhere:1/rs/subscribers/PREREAD", "has its channel elsewhere"), ("", "cannot be opened")],
)
def test_channel_that_cannot_be_used_is_told(channel: str, said: str) -> None:
    with (
        serving(channel_url=channel) as ups,
        structlog.testing.capture_logs() as logs,
        listening(ups, lambda event: None),
    ):
        wait_for(lambda: any(said in str(entry.get("reason")) for entry in logs))


def test_library_that_is_missing_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    check_subscription(manager("http://127.0.0.1:1/rs"))
    monkeypatch.setitem(sys.modules, "websockets", None)
    check_subscription(manager("http://127.0.0.1:1/rs", subscriber=None))
    with pytest.raises(ConfigurationError, match="preread\\[workitems\\]"):
        check_subscription(manager("http://127.0.0.1:1/rs"))
