import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from opentelemetry.trace import StatusCode

from service.errors import PeerUnavailable, Refused
from service.telemetry.traces.definition import MOST_CHARACTERS, MOST_VALUES
from service.telemetry.traces.identity import root_of
from service.telemetry.traces.port import NOTHING
from service.telemetry.traces.spans import ANALYSE, BEGIN, DELIVER, READ, RECEIVE, ROUTE, modality_of
from service.telemetry.traces.tracing import TRACES
from service.telemetry.uid_hash import uid_hash
from tests.unit.telemetry.traced import Spans, attributes, kept_spans, parent_id

UID = "1.2.826.0.1.3680043.10.99"
ROOT = Path(__file__).parents[3]


@pytest.fixture
def spans() -> Iterator[Spans]:
    with kept_spans() as spans:
        yield spans


def test_every_stage_finds_the_trace_of_a_study_and_its_root(spans: Spans) -> None:
    TRACES.tell_root(BEGIN, UID, 2, 1, event="instance_received")
    TRACES.tell(ROUTE, UID, 2, 2)
    TRACES.tell(ROUTE, UID, 3, 2)
    root, first, other = spans.all()
    assert root.context is not None
    assert first.context is not None
    assert other.context is not None
    assert root.parent is None
    assert (root.context.trace_id, root.context.span_id) == root_of(UID, 2)
    assert first.context.trace_id == root.context.trace_id
    assert parent_id(first) == root.context.span_id
    assert other.context.trace_id == root_of(UID, 3).trace_id != root.context.trace_id
    assert attributes(first)["preread.study"] == uid_hash(UID)


def test_ids_are_what_the_page_says() -> None:
    # printf 'preread trace 1 1.2.3' | sha256sum. A change would tear the traces of studies on their way.
    assert f"{root_of('1.2.3', 1).trace_id:032x}" == "0ebcc2f5540c283b4550f733e6b2a08f"
    assert f"{root_of('1.2.3', 1).span_id:016x}" == "8c2a5fd7c604883c"


def test_parts_stand_below_what_the_thread_is_at_and_on_other_threads_too(spans: Spans) -> None:
    def read() -> None:
        with TRACES.part(READ, bytes=7):
            pass

    with TRACES.at(TRACES.of_study(ANALYSE, UID, 1)):
        with TRACES.part(READ):
            pass
        thread = threading.Thread(target=TRACES.carried(read))
        lost = threading.Thread(target=read)
        for one in (thread, lost):
            one.start()
            one.join()
    here, there, whole = spans.all()
    assert whole.context is not None
    assert parent_id(here) == parent_id(there) == whole.context.span_id
    assert TRACES.current is NOTHING


def test_parent_of_another_trace_is_not_believed(spans: Spans) -> None:
    publisher, stranger = TRACES.of_study(ROUTE, UID, 1), TRACES.of_study(ROUTE, "1.2.3", 1)
    for parent in (publisher.traceparent, stranger.traceparent, "SMITH^ANNA", ""):
        TRACES.of_study(ANALYSE, UID, 1, parent).end()
    published, *others = spans.all()
    assert f"{parent_id(published):016x}" in publisher.traceparent
    assert {parent_id(one) for one in others} == {root_of(UID, 1).span_id}


def test_only_what_is_defined_is_told_and_texts_are_cut(spans: Spans) -> None:
    span = TRACES.of_study(ROUTE, UID, 1)
    span.set(patient_name="SMITH^ANNA", outcome="x" * 1000, rules=("r",) * 99)
    span.end()
    assert set(attributes(spans.named("route"))) == {
        "preread.study",
        "preread.revision",
        "preread.outcome",
        "preread.rules",
    }
    assert len(attributes(spans.named("route"))["preread.outcome"]) == MOST_CHARACTERS
    assert len(attributes(spans.named("route"))["preread.rules"]) == MOST_VALUES
    assert modality_of(("US", "MG")) == "US"
    assert modality_of(("SMITH^ANNA",)) == modality_of(()) == "other"


def test_errors_are_told_by_their_type(spans: Spans) -> None:
    with pytest.raises(PeerUnavailable), TRACES.at(TRACES.of_study(DELIVER, UID, 1)):
        raise PeerUnavailable("SMITH^ANNA is not welcome")
    with pytest.raises(Refused), TRACES.at(TRACES.of_study(ANALYSE, UID, 1)):
        raise Refused("this is an answer")
    failed, refused = spans.all()
    assert (failed.status.status_code, failed.status.description) == (StatusCode.ERROR, "PeerUnavailable")
    assert attributes(failed)["error.type"] == "PeerUnavailable"
    assert "SMITH" not in failed.to_json()
    assert failed.events == refused.events == ()
    assert refused.status.status_code is StatusCode.UNSET


def test_all_stages_choose_the_same_studies() -> None:
    uids = [f"1.2.{number}" for number in range(200)]
    chosen = []
    for _ in range(2):
        with kept_spans(0.25) as some:
            for uid in uids:
                TRACES.tell_root(BEGIN, uid, 1, 1)
                with TRACES.at(TRACES.of_study(ANALYSE, uid, 1)), TRACES.part(READ):
                    pass
            chosen.append([attributes(span)["preread.study"] for span in some.all() if span.name == "study"])
            assert some.names == ["study", "read", "analyse"] * len(chosen[-1])
    assert chosen[0] == chosen[1]
    assert 20 < len(chosen[0]) < 80


def test_off_nothing_is_made_and_nothing_imported() -> None:
    assert not TRACES.is_on
    assert TRACES.alone(RECEIVE) is TRACES.of_study(ANALYSE, UID, 1) is NOTHING
    with TRACES.part(READ) as span:
        span.set(bytes=1)
    assert TRACES.carried(print) is print
    program = (
        "import sys, service.wiring.accept, service.wiring.infer, service.wiring.send, service.wiring.traces;"
        "print([name for name in sys.modules if name.startswith(('opentelemetry.sdk', 'opentelemetry.exp'))])"
    )
    ended = subprocess.run(
        [sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, check=True
    )
    assert ended.stdout.strip() == "[]"
