"""The SCP over real sockets, with pynetdicom and DCMTK as scanners."""

import threading
from pathlib import Path
from typing import Any

import pytest
from pydicom.uid import generate_uid
from pynetdicom.sop_class import Verification

from service.errors import ConfigurationError
from service.study.model import ReceivedInstance
from tests.fakes.datasets import EXPLICIT_VR_LE, US_IMAGE, encoded, part10, us_dataset
from tests.servers.dcmtk import Dcmtk
from tests.unit.accept.doubles import Desk, associate, listening, new_scp, rejection, send, wait_for

US_RETIRED = "1.2.840.10008.5.1.4.1.1.6"
pytestmark = pytest.mark.usefixtures("receiver")

EXPLICIT_VR_BE = "1.2.840.10008.1.2.2"


def test_study_is_received_and_kept() -> None:
    desk = Desk()
    study = generate_uid()
    with listening(desk) as scp:
        assert send(scp, *(us_dataset(StudyInstanceUID=study) for _ in range(3))) == [0, 0, 0]
    assert len(desk.store.keys(f"instances/{study}/")) == 3


def test_instance_is_entered_with_the_ae_title_that_was_called() -> None:
    desk = Desk(extra_ae_titles=("PREREAD_URGENT",))
    with listening(desk) as scp:
        assert send(scp, us_dataset(), called="PREREAD_URGENT") == [0]
        assert send(scp, us_dataset()) == [0]
    assert [one.called_ae_title for one in desk.ledger.instances.values()] == ["PREREAD_URGENT", "PREREAD"]


def test_echo_is_answered() -> None:
    with listening(Desk()) as scp:
        assoc = associate(scp, [(Verification, [EXPLICIT_VR_LE])])
        assert assoc.send_c_echo().Status == 0x0000
        assoc.release()


def test_retired_ultrasound_class_is_received() -> None:
    desk = Desk()
    dataset = us_dataset(SOPClassUID=US_RETIRED)
    part10(dataset)
    with listening(desk) as scp:
        assoc = associate(scp, [(US_RETIRED, [EXPLICIT_VR_LE])])
        assert assoc.send_c_store(dataset).Status == 0x0000
        assoc.release()


def test_refused_dataset_does_not_affect_the_ones_around_it() -> None:
    desk = Desk()
    with listening(desk) as scp:
        statuses = send(scp, us_dataset(), us_dataset(StudyInstanceUID=None), us_dataset())
    assert statuses == [0x0000, 0xC000, 0x0000]
    assert (len(desk.ledger.instances), len(desk.reasons())) == (2, 1)


def test_unsupported_transfer_syntax_is_refused_when_the_context_is_agreed() -> None:
    with listening(Desk()) as scp:
        assoc = associate(scp, [(US_IMAGE, [EXPLICIT_VR_BE]), (Verification, [EXPLICIT_VR_LE])])
        assert [context.abstract_syntax for context in assoc.accepted_contexts] == [Verification]
        assoc.release()


def test_error_that_nobody_foresaw_is_a_processing_failure_and_the_next_instance_is_kept() -> None:
    desk = Desk()
    desk.ledger.failure = ZeroDivisionError("Doe^Jane")
    with listening(desk) as scp:
        assert send(scp, us_dataset()) == [0x0110]
        desk.ledger.failure = None
        assert send(scp, us_dataset()) == [0x0000]


def test_dataset_over_the_bound_is_read_to_its_end_and_answered() -> None:
    desk = Desk(max_instance_bytes=100_000)
    with listening(desk) as scp:
        assert send(scp, us_dataset(PixelData=bytes(3_000_000)), us_dataset()) == [0xA700, 0x0000]


def test_full_disk_is_answered_and_the_next_instance_is_kept() -> None:
    desk = Desk(capacity_bytes=10_000)
    with listening(desk) as scp:
        assert send(scp, us_dataset(PixelData=bytes(20_000)), us_dataset()) == [0xA700, 0x0000]
    assert len(desk.store.keys("")) == 1


@pytest.mark.parametrize(
    ("settings", "titles", "code"),
    [
        ({}, {"called": "OTHER"}, (1, 1, 7)),
        ({"allowed_calling_ae_titles": ("US1",)}, {}, (1, 1, 3)),
        ({"allowed_hosts": ("10.0.0.0/8",)}, {}, (1, 1, 1)),
    ],
)
def test_rejection_gives_its_reason(
    settings: dict[str, Any], titles: dict[str, str], code: tuple[int, int, int]
) -> None:
    with listening(Desk(**settings)) as scp:
        assert rejection(scp, **titles) == code


def test_one_association_too_many_is_rejected_as_transient_until_another_ends() -> None:
    with listening(Desk(max_associations=1)) as scp:
        contexts = [(US_IMAGE, [EXPLICIT_VR_LE])]
        first = associate(scp, contexts)
        assert rejection(scp) == (2, 3, 2)
        first.release()
        wait_for(lambda: scp.open_connections == 0)
        assert send(scp, us_dataset()) == [0]


def test_stop_lets_a_running_store_end() -> None:
    desk = Desk()
    entered, go_on = threading.Event(), threading.Event()

    def record(instance: ReceivedInstance) -> None:
        entered.set()
        go_on.wait(10)

    desk.ledger.before_entry = record
    statuses: list[int] = []
    scp = new_scp(desk)
    scp.start()
    sender = threading.Thread(target=lambda: statuses.extend(send(scp, us_dataset())))
    sender.start()
    entered.wait(10)
    stopper = threading.Thread(target=scp.stop, args=(10.0,))
    stopper.start()
    go_on.set()
    stopper.join()
    sender.join()
    assert statuses == [0x0000]


def test_stop_ends_idle_associations_and_frees_the_port() -> None:
    desk = Desk()
    with listening(desk) as scp:
        port = scp.port
        assoc = associate(scp, [(US_IMAGE, [EXPLICIT_VR_LE])])
        scp.stop(grace_s=5.0)
        wait_for(lambda: not assoc.is_established)
    again = new_scp(desk, port)
    again.start()
    again.stop(1.0)


def test_port_that_is_taken_is_a_configuration_error() -> None:
    with (
        listening(Desk()) as scp,
        pytest.raises(ConfigurationError, match=r"change accept\.bind or accept\.port"),
    ):
        new_scp(Desk(), scp.port).start()


def test_dcmtk_sends_a_study(dcmtk: Dcmtk, tmp_path: Path) -> None:
    desk = Desk()
    for number in range(3):
        (tmp_path / f"{number}.dcm").write_bytes(part10(us_dataset()))
    with listening(desk) as scp:
        files = sorted(str(path) for path in tmp_path.glob("*.dcm"))
        finished = dcmtk.run("storescu", "-aec", "PREREAD", "127.0.0.1", str(scp.port), *files)
    assert finished.returncode == 0, finished.stdout
    assert len(desk.ledger.instances) == 3


def test_dcmtk_verifies(dcmtk: Dcmtk) -> None:
    with listening(Desk()) as scp:
        finished = dcmtk.run("echoscu", "-v", "-aec", "PREREAD", "127.0.0.1", str(scp.port))
    assert finished.returncode == 0, finished.stdout
    assert "Success" in finished.stdout


@pytest.mark.parametrize("options", [["-pdu", "4096"], ["--max-send-pdu", "4096"]], ids=" ".join)
def test_dcmtk_sends_and_takes_small_pdus(dcmtk: Dcmtk, tmp_path: Path, options: list[str]) -> None:
    desk = Desk()
    sent = [us_dataset(PixelData=bytes(100_000)) for _ in range(2)]
    for number, dataset in enumerate(sent):
        (tmp_path / f"{number}.dcm").write_bytes(part10(dataset))
    with listening(desk) as scp:
        files = sorted(str(path) for path in tmp_path.glob("*.dcm"))
        finished = dcmtk.run("storescu", *options, "-aec", "PREREAD", "127.0.0.1", str(scp.port), *files)
    assert finished.returncode == 0, finished.stdout
    assert {instance.size_bytes for instance in desk.ledger.instances.values()} == {
        len(encoded(dataset)) for dataset in sent
    }


def test_dcmtk_reads_what_was_kept(dcmtk: Dcmtk, tmp_path: Path) -> None:
    desk = Desk()
    desk.receive()
    (key,) = desk.store.keys("instances/")
    (tmp_path / "kept.dcm").write_bytes(desk.store.get(key))
    finished = dcmtk.run("dcmdump", str(tmp_path / "kept.dcm"))
    assert "PREREAD_0_1_0" in finished.stdout
    assert "SourceApplicationEntityTitle" in finished.stdout
    assert not [line for line in finished.stdout.splitlines() if line.startswith(("W:", "E:"))]
