"""What an association has brought is told once, and its studies only where it was released."""

import pytest
from structlog.testing import capture_logs

from service.accept.instance.receiver import InstanceReceiver
from service.accept.instance.request import StoreRequest
from service.accept.instance.sending import Sending
from service.accept.intake.port import DirectIntake
from service.config import AcceptSettings
from service.errors import LedgerUnavailable
from service.storage.store.memory import MemoryStore
from service.telemetry.traces.arrivals import ARRIVALS
from service.telemetry.uid_hash import uid_hash
from tests.fakes.datasets import EXPLICIT_VR_LE, US_IMAGE, encoded, us_dataset
from tests.fakes.peer import ASSOCIATE_AC, BadPeer, p_data, pdu, store_rq
from tests.unit.accept.doubles import Desk, listening, wait_for
from tests.unit.telemetry.traced import attributes, kept_spans


def brought(sending: Sending, *studies: str) -> None:
    for study in studies:
        dataset = us_dataset(StudyInstanceUID=study)
        arrival = sending.begin(StoreRequest(US_IMAGE, dataset.SOPInstanceUID, EXPLICIT_VR_LE, "US1"))
        arrival.write(encoded(dataset))
        sending.finish(arrival)


def test_a_release_is_told_for_each_study_once() -> None:
    told: list[str] = []
    intake = DirectIntake(lambda instance: None, told.append)
    sending = Sending(InstanceReceiver(MemoryStore(), intake, AcceptSettings(min_free_bytes=0)))
    brought(sending, "1.2", "1.3", "1.2")
    assert told == []
    sending.released()
    assert told == ["1.2", "1.3"]


def test_a_release_that_cannot_be_entered_does_no_harm() -> None:
    def fail(study_instance_uid: str) -> None:
        raise LedgerUnavailable("the database is away")

    intake = DirectIntake(lambda instance: None, fail)
    sending = Sending(InstanceReceiver(MemoryStore(), intake, AcceptSettings(min_free_bytes=0)))
    brought(sending, "1.2")
    with capture_logs() as logs:
        sending.released()
    assert "release not entered" in [entry["event"] for entry in logs]


def test_what_a_sender_brings_is_a_trace_that_its_studies_link_to() -> None:
    intake = DirectIntake(lambda instance: None, lambda uid: ARRIVALS.tell(uid, 4))
    sending = Sending(InstanceReceiver(MemoryStore(), intake, AcceptSettings(min_free_bytes=0)))
    with kept_spans() as spans:
        brought(sending, "1.2", "1.3", "1.2")
        sending.released()
        sending.ended()
        sending.ended()
        *of_studies, receive = spans.all()
    assert receive.context is not None
    assert [one.name for one in of_studies] == ["study.receive", "study.receive"]
    assert [attributes(one)["preread.instances"] for one in of_studies] == [2, 1]
    assert {attributes(one)["preread.revision"] for one in of_studies} == {4}
    assert {link.context.span_id for one in of_studies for link in one.links} == {receive.context.span_id}
    assert attributes(receive)["preread.studies"] == (uid_hash("1.2"), uid_hash("1.3"))
    assert attributes(receive)["preread.scanner"] == "other"  # nobody has configured US1
    assert spans.names.count("receive") == 1


def test_a_release_that_was_not_told_leaves_nothing_behind_where_traces_are_off() -> None:
    intake = DirectIntake(lambda instance: None)
    sending = Sending(InstanceReceiver(MemoryStore(), intake, AcceptSettings(min_free_bytes=0)))
    brought(sending, "1.2.99")
    sending.released()
    assert not ARRIVALS.has("1.2.99")


@pytest.mark.parametrize("is_released", [True, False])
def test_an_association_tells_its_release_and_one_line_for_all_instances(is_released: bool) -> None:
    told: list[str] = []
    desk = Desk(receiver="own")
    desk.receiver._intake = DirectIntake(desk.ledger.record, told.append)
    dataset = us_dataset()
    with capture_logs() as logs, listening(desk) as scp, BadPeer(scp.port) as peer:
        assert peer.associate() == ASSOCIATE_AC
        peer.send(p_data(store_rq(dataset.SOPInstanceUID), command=True, last=True))
        peer.send(p_data(encoded(dataset, "1.2.840.10008.1.2"), command=False, last=True))
        peer.receive_pdu()
        if is_released:
            peer.send(pdu(0x05, bytes(4)))
            peer.receive_pdu()
        else:
            peer.send(pdu(0x07, bytes(4)))
        wait_for(lambda: scp.open_connections == 0)
    assert told == ([dataset.StudyInstanceUID] if is_released else [])
    (summary,) = [entry for entry in logs if entry["event"] == "instances received"]
    assert (summary["instances"], summary["refused"], summary["studies"]) == (1, 0, 1)
