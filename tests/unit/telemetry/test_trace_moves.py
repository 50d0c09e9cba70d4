"""What the moves of studies and what senders bring look like in a trace."""

from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path

import pytest

from service.storage.ledger.ledger import Ledger
from service.storage.ledger.steps.receive import record_received
from service.study.state import StudyEvent
from service.telemetry.moves import tell_moves
from service.telemetry.traces.arrivals import MOST_ARRIVALS, MOST_STUDIES, Arrival, Arrivals
from service.telemetry.traces.identity import root_of
from service.telemetry.traces.spans import RECEIVE
from service.telemetry.traces.tracing import TRACES
from tests.factories import received
from tests.unit.telemetry.traced import Spans, attributes, kept_spans

UID = "1.2.840.7"


@pytest.fixture
def spans() -> Iterator[Spans]:
    with kept_spans() as spans:
        yield spans


@pytest.fixture
def ledger(tmp_path: Path) -> Iterator[Ledger]:
    ledger = Ledger(f"sqlite:///{tmp_path / 'ledger.sqlite3'}", tell_moves)
    ledger.upgrade()
    yield ledger
    ledger.close()


def move(ledger: Ledger, *events: StudyEvent) -> None:
    for event in events:
        with ledger.begin() as tx:
            tx.studies.move(UID, event, "for a test, of SMITH^ANNA")


def test_states_follow_each_other_below_the_root(ledger: Ledger, spans: Spans) -> None:
    record_received(ledger, received(study_instance_uid=UID, sop_instance_uid="1.2.840.7.1"))
    record_received(ledger, received(study_instance_uid=UID, sop_instance_uid="1.2.840.7.2"))
    move(
        ledger,
        StudyEvent.STUDY_COMPLETE,
        StudyEvent.WORK_QUEUED,
        StudyEvent.ANALYSES_FINISHED,
        StudyEvent.OBJECTS_WRITTEN,
        StudyEvent.ALL_DELIVERED,
    )
    states = ["received", "assembled", "queued", "inferred", "reported"]
    assert spans.names == ["study", *(f"state.{state}" for state in states)]
    assert {span.context.trace_id for span in spans.all() if span.context} == {root_of(UID, 1).trace_id}
    told = attributes(spans.named("state.reported"))
    assert (told["preread.event"], told["preread.state"]) == ("all_delivered", "delivered")
    times = [(span.start_time or 0, span.end_time or 0) for span in spans.all()]
    assert all(start <= end for start, end in times)
    gaps_ns = [after[0] - before[1] for before, after in pairwise(times[1:])]
    assert max(map(abs, gaps_ns)) < 1_000_000  # each begins where the one before has ended
    assert "SMITH" not in "".join(span.to_json() for span in spans.all())


def test_new_revision_has_a_trace_of_its_own(ledger: Ledger, spans: Spans) -> None:
    record_received(ledger, received(study_instance_uid=UID, sop_instance_uid="1.2.840.7.1"))
    move(ledger, StudyEvent.STUDY_COMPLETE)
    record_received(ledger, received(study_instance_uid=UID, sop_instance_uid="1.2.840.7.2"))
    first, received_state, assembled, second = spans.all()
    assert [first.name, received_state.name, assembled.name, second.name] == [
        "study",
        "state.received",
        "state.assembled",
        "study",
    ]
    assert attributes(assembled)["preread.revision"] == 1
    assert attributes(second)["preread.revision"] == 2
    assert second.context is not None
    assert second.context.trace_id == root_of(UID, 2).trace_id


def test_move_that_is_rolled_back_is_not_told(ledger: Ledger, spans: Spans) -> None:
    record_received(ledger, received(study_instance_uid=UID))
    with pytest.raises(OSError, match="gone"), ledger.begin() as tx:
        tx.studies.move(UID, StudyEvent.STUDY_COMPLETE, "complete")
        raise OSError("gone")
    assert spans.names == ["study"]


def test_study_links_to_those_who_brought_it(spans: Spans) -> None:
    arrivals, sender = Arrivals(), TRACES.alone(RECEIVE)
    arrivals.put(UID, Arrival(sender.traceparent, "US1", 3, 300, 1))
    sender.end()
    assert arrivals.has(UID)
    arrivals.tell(UID, 2)
    arrivals.tell(UID, 2)
    told = spans.named("study.receive")
    (link,) = told.links
    own = spans.named("receive").context
    assert own is not None
    assert (link.context.trace_id, link.context.span_id) == (own.trace_id, own.span_id)
    assert attributes(told)["preread.instances"] == 3
    assert not arrivals.has(UID)


def test_what_nobody_asks_for_is_forgotten_in_the_end() -> None:
    arrivals = Arrivals()
    one = Arrival("", "US1", 1, 1, 1)
    for number in range(MOST_STUDIES + 1):
        arrivals.put(str(number), one)
    assert not arrivals.has("0")
    assert arrivals.has("1")
    with kept_spans() as spans:
        for _ in range(MOST_ARRIVALS + 5):
            arrivals.put("1", one)
        arrivals.tell("1", 1)
        assert len(spans.names) == MOST_ARRIVALS
