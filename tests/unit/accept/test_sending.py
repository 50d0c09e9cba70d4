"""What an association has brought is told once, and its studies only where it was released."""

import pytest
from structlog.testing import capture_logs

from service.accept.instance.receiver import InstanceReceiver
from service.accept.instance.request import StoreRequest
from service.accept.instance.sending import Sending
from service.accept.intake.port import DirectIntake
from service.config import AcceptSettings
from service.errors import LedgerUnavailable
from service.storage.memory import MemoryStore
from tests.fakes.datasets import EXPLICIT_VR_LE, US_IMAGE, encoded, us_dataset
from tests.fakes.peer import ASSOCIATE_AC, BadPeer, p_data, pdu, store_rq
from tests.unit.accept.doubles import Desk, listening, wait_for


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
