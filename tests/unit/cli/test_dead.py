import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from service.config.load import load_settings
from service.enqueue.embedded import EmbeddedBroker
from service.enqueue.leasing import Leasing
from service.enqueue.port import Envelope
from service.errors import ConfigurationError
from service.storage.ledger.ledger import Ledger
from service.storage.ledger.steps.receive import record_received
from service.study.messages import InferenceRequest
from service.study.state import StudyEvent, StudyState
from service.wiring.adapters import open_ledger
from tests.contracts.broker import consuming, take
from tests.factories import received
from tests.unit.cli.conftest import Run
from tests.unit.pipeline import study_of

WHY = "no worker has this [classifier]"


@pytest.fixture
def ledger(configuration: Path) -> Iterator[Ledger]:
    """Three failed studies, 1.1 to 1.3, each with its dead letter."""
    ledger = open_ledger(load_settings(configuration))
    broker = EmbeddedBroker(ledger, 60.0)
    for number in (1, 2, 3):
        uid = f"1.{number}"
        record_received(ledger, received(study_instance_uid=uid))
        request = InferenceRequest(uid, 1, "us-mass")
        sent = Envelope(f"{number}{number}{number}0-4", request.queue, request.to_json())
        broker.publish([sent])
        with consuming(broker, request.queue) as consumer:
            delivery = take(consumer)
            Leasing(ledger).bury(Leasing(ledger).take(sent), WHY)
            delivery.dead_letter(WHY)
        with ledger.begin() as tx:
            tx.studies.move(uid, StudyEvent.GAVE_UP, WHY)
    yield ledger
    ledger.close()


def listed(run: Run, *arguments: str) -> list[dict[str, Any]]:
    entries: list[dict[str, Any]] = json.loads(run("dead", "list", "--json", *arguments).stdout)["entries"]
    return entries


def test_nothing_is_listed_where_nothing_was_given_up(run: Run) -> None:
    assert "nothing is given up" in run("dead", "list").output
    assert "there are no dead letters" in run("dead", "retry", "--all").output


def test_list_tells_why_and_pages(run: Run, ledger: Ledger) -> None:
    output = run("dead", "list", "--limit", "2").output
    assert WHY.split(maxsplit=1)[0] in output
    assert "1 to 2 of 3 given up; --page shows the others" in output
    (last,) = listed(run, "--limit", "2", "--page", "2")
    assert (last["id"], last["study_instance_uid"], last["reason"]) == ("3330-4", "1.3", WHY)
    assert listed(run, "--queue", "report") == []


def test_show_tells_the_message_and_where_the_study_stands(run: Run, ledger: Ledger) -> None:
    shown = json.loads(run("dead", "show", "22", "--json").stdout)
    assert (shown["message"]["classifier"], shown["study_state"]) == ("us-mass", "failed")
    assert "inference.us-mass" in run("dead", "show", "22").output


def test_retry_takes_named_ones_or_all(run: Run, ledger: Ledger) -> None:
    assert "2220-4: the study is routed again" in run("dead", "retry", "22").output
    assert study_of(ledger, "1.2").state is StudyState.ASSEMBLED
    assert [entry["id"] for entry in listed(run)] == ["1110-4", "3330-4"]
    assert run("dead", "retry", "--all").exit_code == 0
    assert listed(run) == []


@pytest.mark.parametrize("arguments", [[], ["11", "--all"], ["--all", "--queue", "report"]])
def test_retry_wants_one_way_of_saying_which(run: Run, ledger: Ledger, arguments: list[str]) -> None:
    assert isinstance(run("dead", "retry", *arguments).exception, ConfigurationError)
    assert len(listed(run)) == 3


def test_one_that_cannot_be_retried_holds_up_no_other(run: Run, ledger: Ledger) -> None:
    with ledger.begin() as tx:  # as if another classifier were at work on it
        tx.studies.move("1.1", StudyEvent.RETRIED, "again")
    result = run("dead", "retry", "--queue", "inference.us-mass")
    assert result.exit_code == 1
    assert "1110-4: left as it is: the study is still at work" in result.output
    assert [entry["id"] for entry in listed(run)] == ["1110-4"]


def test_discard_asks_and_keeps_the_reason(run: Run, ledger: Ledger) -> None:
    assert run("dead", "discard", "11").exit_code == 1  # nobody said yes
    assert len(listed(run)) == 3
    assert run("dead", "discard", "11", "22", "--yes", "--why", "test images").exit_code == 0
    assert [entry["id"] for entry in listed(run)] == ["3330-4"]
    with ledger.read() as tx:
        assert "test images" in tx.studies.history("1.1")[-1].reason


def test_status_says_how_much_was_given_up(run: Run, ledger: Ledger) -> None:
    assert "3 pieces of work were given up" in " ".join(run("status").output.split())
    (notice,) = json.loads(run("status", "--json").stdout)["notices"]
    assert "`preread dead list`" in notice["text"]


def test_retried_study_takes_its_dead_letter_out_of_the_count(run: Run, ledger: Ledger) -> None:
    run("retry", "1.1")
    assert [bool(entry["superseded"]) for entry in listed(run)] == [True, False, False]
    with ledger.read() as tx:
        assert len(tx.leases.given_up()) == 2
