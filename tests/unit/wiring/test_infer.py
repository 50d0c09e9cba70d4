"""The role `infer` with the shipped classifier on the embedded broker."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import count
from pathlib import Path
from typing import Any

import pytest

from service.config import Settings
from service.errors import EngineLost
from service.infer.worker import Worker
from service.storage.ledger.ledger import Ledger
from service.storage.ledger.steps.fence import Fence
from service.storage.ledger.steps.receive import record_received
from service.study.messages import InferenceRequest
from service.study.model import Priority
from service.wiring.adapters import open_ledger
from service.wiring.infer import run_infer
from tests.factories import received

NUMBERS = count(1)


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    rule = {"name": "us", "when": {"Modality": "US"}, "classifiers": ["us-mass"]}
    infer = {"backend": "onnxruntime", "concurrent_studies": 2}
    return Settings.model_validate({"data_folder": tmp_path, "rules": [rule], "infer": infer})


@contextmanager
def running(settings: Settings, stop: threading.Event) -> Iterator[list[BaseException]]:
    """The role on a thread of its own; what it raised, once it has ended."""
    raised: list[BaseException] = []

    def run() -> None:
        try:
            run_infer(settings, stop)
        except EngineLost as error:
            raised.append(error)

    thread = threading.Thread(target=run)
    thread.start()
    try:
        yield raised
    finally:
        stop.set()
        thread.join()


def queue(ledger: Ledger, *priorities: Priority) -> None:
    """Studies that are known, each with its request."""
    for priority in priorities:
        instance = received(study_instance_uid=f"1.{next(NUMBERS)}")
        record_received(ledger, instance)
        with ledger.begin() as tx:
            tx.outbox.add(InferenceRequest(instance.study_instance_uid, 1, "us-mass", priority))


def test_an_urgent_study_does_not_wait_for_routine_ones(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    urgent_done, stop = threading.Event(), threading.Event()

    def handle(_self: Worker, body: dict[str, Any], _fence: Fence) -> None:
        if body["priority"] == Priority.URGENT:
            urgent_done.set()
        else:
            urgent_done.wait()  # routine studies take as long as they like

    monkeypatch.setattr(Worker, "handle", handle)
    ledger = open_ledger(settings)
    queue(ledger, *[Priority.ROUTINE] * 4)
    with running(settings, stop):
        queue(ledger, Priority.URGENT)
        urgent_done.wait()
    ledger.close()


def test_a_lost_engine_ends_the_process_and_the_study_waits_for_another(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    def handle(_self: Worker, body: dict[str, Any], _fence: Fence) -> None:
        raise EngineLost("the GPU has failed")

    monkeypatch.setattr(Worker, "handle", handle)
    ledger, stop = open_ledger(settings), threading.Event()
    queue(ledger, Priority.ROUTINE)

    with running(settings, stop) as raised:
        stop.wait()

    assert [str(error) for error in raised] == ["the GPU has failed"]
    with ledger.begin() as tx:
        (row,) = tx.outbox.claim(["inference.us-mass"], 10, "test", 1e12, 1.0)
    assert row.attempts == 2
    ledger.close()
