"""The DIMSE archive against a PACS that behaves, and against ones that do not."""

import threading
import time
from collections.abc import Iterator
from typing import Any

import pytest
from pydicom.dataset import Dataset, FileMetaDataset

from service.errors import OutOfSpace, PeerUnavailable
from service.fetch.found import FoundInstance
from service.fetch.query import StudyQuery
from tests.fakes.datasets import EXPLICIT_VR_LE, encoded, us_dataset
from tests.servers.process import free_port
from tests.unit.fetch.archive import FIND, GET, Archive, running
from tests.unit.fetch.receivers import ScriptedReceiver, transfer_to

# pynetdicom leaves closing a socket that never connected to its reference count.
pytestmark = pytest.mark.filterwarnings(
    "ignore:unclosed <socket:ResourceWarning",
    "ignore:Exception ignored in. <socket:pytest.PytestUnraisableExceptionWarning",
)
STUDY = StudyQuery(study_instance_uid="1.2.3")


def image(series: str = "1.2.3.1", **attributes: Any) -> Dataset:
    dataset = us_dataset(
        StudyInstanceUID="1.2.3",
        SeriesInstanceUID=series,
        AccessionNumber="A1",
        StudyDate="20200102",
        **attributes,
    )
    dataset.file_meta = FileMetaDataset()
    dataset.file_meta.TransferSyntaxUID = EXPLICIT_VR_LE
    return dataset


def listed(pacs: Archive) -> list[FoundInstance]:
    return list(pacs.archive().find_instances("1.2.3"))


def test_matches_of_a_study_are_found_once_with_what_describes_them() -> None:
    with running(Archive([image(), image()])) as pacs:
        (found,) = pacs.archive().find_studies(STUDY)
    assert found.study_instance_uid == "1.2.3"
    assert (found.header.accession_number, found.header.study_date) == ("A1", "20200102")
    assert pacs.queries[0].QueryRetrieveLevel == "STUDY"


def test_studies_that_were_not_asked_for_are_dropped() -> None:
    with running(Archive([image()])) as pacs:
        assert pacs.archive().find_studies(StudyQuery(accession_number="A2")) == ()
        assert len(pacs.archive().find_studies(StudyQuery(accession_number="a1 "))) == 1


def test_instances_are_found_series_by_series_and_some_series_are_not_asked_for() -> None:
    images = [image(), image(), image("1.2.3.2")]
    with running(Archive(images)) as pacs:
        assert {one.sop_instance_uid for one in listed(pacs)} == {one.SOPInstanceUID for one in images}
        (left,) = pacs.archive().find_instances("1.2.3", {"1.2.3.1"})
    assert (left.series_instance_uid, left.modality) == ("1.2.3.2", "US")


def test_get_hands_on_each_instance_as_it_was_sent() -> None:
    images, receiver, told = [image(), image("1.2.3.2")], ScriptedReceiver(), list[int]()
    with running(Archive(images)) as pacs:
        transfer = transfer_to(receiver, told)
        pacs.archive().retrieve("1.2.3", listed(pacs), transfer)
    assert [one.dataset for one in receiver.kept] == [encoded(one) for one in images]
    assert (transfer.received, transfer.refused, told) == ({one.SOPInstanceUID for one in images}, {}, [1, 2])


def test_duplicates_count_once() -> None:
    one = image()
    with running(Archive([one, one])) as pacs:
        transfer = transfer_to(ScriptedReceiver())
        found = listed(pacs)
        pacs.archive().retrieve("1.2.3", found, transfer)
    assert (len(found), transfer.received) == (1, {one.SOPInstanceUID})


def test_instance_that_is_not_taken_is_refused_with_the_reason_and_the_others_come() -> None:
    images = [image(), image()]
    receiver = ScriptedReceiver(lambda uid: 0xA700 if uid == images[0].SOPInstanceUID else 0)
    with running(Archive(images)) as pacs:
        transfer = transfer_to(receiver)
        pacs.archive().retrieve("1.2.3", listed(pacs), transfer)
    assert transfer.received == {images[1].SOPInstanceUID}
    assert "out of space" in transfer.refused[images[0].SOPInstanceUID]


def test_nothing_more_is_fetched_once_the_receiver_is_away() -> None:
    def away(_uid: str) -> int:
        raise OutOfSpace("the disk is full: make room")

    with running(Archive([image(), image()])) as pacs:
        transfer = transfer_to(ScriptedReceiver(away))
        with pytest.raises(PeerUnavailable):
            pacs.archive().retrieve("1.2.3", listed(pacs), transfer)
    assert "the disk is full" in str(transfer.failure)
    assert len(transfer.refused) == 1


def test_sub_operations_that_the_pacs_fails_are_refused_by_uid() -> None:
    def fail(_event: Any) -> Iterator[Any]:
        yield 1
        failed = Dataset()
        failed.FailedSOPInstanceUIDList = ["1.2.9"]
        yield 0xA702, failed

    with running(Archive([image()], get=fail)) as pacs:
        transfer = transfer_to(ScriptedReceiver())
        pacs.archive().retrieve("1.2.3", listed(pacs), transfer)
    assert "1.2.9" in transfer.refused
    assert "out of resources and cannot send" in transfer.problems[0]


def test_pacs_that_aborts_in_the_middle_is_unavailable_and_what_came_stays() -> None:
    first = image()

    def abort(event: Any) -> Iterator[Any]:
        yield 2
        yield 0xFF00, first
        event.assoc.abort()

    with running(Archive([first], get=abort)) as pacs:
        transfer = transfer_to(ScriptedReceiver())
        with pytest.raises(PeerUnavailable, match="ended the association"):
            pacs.archive().retrieve("1.2.3", listed(pacs), transfer)
    assert transfer.received == {first.SOPInstanceUID}


@pytest.mark.parametrize("service", ["find", "get"])
def test_silent_pacs_is_given_up_after_its_timeout(service: str) -> None:
    woken = threading.Event()

    def silent(_event: Any) -> Iterator[Any]:
        woken.wait(30)
        yield from ()

    with running(Archive([image()], find=silent, get=silent)) as pacs:
        archive = pacs.archive(timeout_s=0.3)
        instance = FoundInstance("1.2.3.1", "US", "1.2.3.4", "")
        with pytest.raises(PeerUnavailable, match="did not answer in time"):
            if service == "find":
                archive.find_studies(STUDY)
            archive.retrieve("1.2.3", [instance], transfer_to(ScriptedReceiver()))
        woken.set()


def test_pacs_that_trickles_answers_is_given_up_at_the_deadline() -> None:
    woken = threading.Event()

    def trickle(_event: Any) -> Iterator[Any]:
        while not woken.wait(0.05):
            match = Dataset()
            match.StudyInstanceUID = "1.2.3"
            yield 0xFF00, match

    with running(Archive(find=trickle)) as pacs:
        with pytest.raises(PeerUnavailable, match="did not answer in time"):
            pacs.archive(deadline=time.monotonic() + 0.5).find_studies(STUDY)
        woken.set()


def test_slow_receiver_is_no_fault_of_the_pacs() -> None:
    def slow(_uid: str) -> int:
        time.sleep(0.6)
        return 0

    one = image()
    with running(Archive([one])) as pacs:
        transfer = transfer_to(ScriptedReceiver(slow))
        pacs.archive(timeout_s=0.3).retrieve("1.2.3", listed(pacs), transfer)
    assert transfer.received == {one.SOPInstanceUID}


def test_pacs_that_is_away_is_unavailable() -> None:
    with pytest.raises(PeerUnavailable, match=r"cannot be reached.*check host and port"):
        Archive(port=free_port()).archive().find_studies(STUDY)


def test_pacs_that_does_not_know_us_says_so() -> None:
    with (
        running(Archive(require_calling=["SOMEBODY"])) as pacs,
        pytest.raises(PeerUnavailable, match=r"rejected the association.*our AE title PREREAD"),
    ):
        pacs.archive().find_studies(STUDY)


def test_failed_find_is_unavailable_with_the_reason() -> None:
    def fail(_event: Any) -> Iterator[Any]:
        yield 0xA700, None

    with running(Archive(find=fail)) as pacs, pytest.raises(PeerUnavailable, match="out of resources"):
        pacs.archive().find_studies(STUDY)


def test_pacs_without_the_service_is_unavailable() -> None:
    with running(Archive([image()], models=(FIND,))) as pacs:
        found = listed(pacs)
        with pytest.raises(PeerUnavailable, match=r"does not offer us C-GET .*c-move"):
            pacs.archive().retrieve("1.2.3", found, transfer_to(ScriptedReceiver()))
        with pytest.raises(PeerUnavailable, match="does not offer us C-MOVE"):
            pacs.archive(move_destination="PREREAD").retrieve("1.2.3", found, transfer_to(ScriptedReceiver()))


def test_pacs_that_does_not_let_us_be_the_storage_scp_is_unavailable() -> None:
    with running(Archive([image()], models=(FIND, GET), storage_role=False)) as pacs:
        found = listed(pacs)
        with pytest.raises(PeerUnavailable, match="role of a storage SCP"):
            pacs.archive().retrieve("1.2.3", found, transfer_to(ScriptedReceiver()))


def test_move_to_a_destination_that_is_not_known_is_a_problem() -> None:
    def unknown(_event: Any) -> Iterator[Any]:
        yield None, None

    with running(Archive([image()], move=unknown)) as pacs:
        transfer = transfer_to(ScriptedReceiver())
        pacs.archive(move_destination="PREREAD").retrieve("1.2.3", listed(pacs), transfer)
    assert transfer.destination == "PREREAD"
    assert "does not know the move destination" in transfer.problems[0]


def test_move_tells_its_progress_by_the_counts_of_the_pacs() -> None:
    from tests.unit.send.pacs import running_pacs

    images, told = [image(), image(), image("1.2.3.2")], list[int]()
    with running_pacs({"1.2.840.10008.5.1.4.1.1.6.1": [EXPLICIT_VR_LE]}) as ours:

        def move(event: Any) -> Iterator[Any]:
            chosen = [one for one in images if one.SeriesInstanceUID == event.identifier.SeriesInstanceUID]
            yield "127.0.0.1", ours.destination.port
            yield len(chosen)
            for one in chosen:
                yield 0xFF00, one

        with running(Archive(images, move=move)) as pacs:
            transfer = transfer_to(ScriptedReceiver(), told)
            pacs.archive(move_destination="PREREAD").retrieve("1.2.3", listed(pacs), transfer)
    assert (told[-1], len(ours.datasets), transfer.problems) == (3, 3, [])


def test_matches_without_a_usable_uid_are_passed_over() -> None:
    def strange(_event: Any) -> Iterator[Any]:
        for uid in ("", "../../etc", "1.2.3"):
            match = Dataset()
            match.StudyInstanceUID = uid
            yield 0xFF00, match

    with running(Archive(find=strange)) as pacs:
        assert [one.study_instance_uid for one in pacs.archive().find_studies(STUDY)] == ["1.2.3"]


def test_pacs_that_aborts_a_find_is_unavailable() -> None:
    def abort(event: Any) -> Iterator[Any]:
        event.assoc.abort()
        yield from ()

    with running(Archive(find=abort)) as pacs, pytest.raises(PeerUnavailable, match="ended the association"):
        pacs.archive().find_studies(STUDY)
