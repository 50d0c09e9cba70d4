"""Datasets of a C-GET on their way to files: whole ones are handed on, others are not."""

import socket
from collections.abc import Iterator
from io import BytesIO
from types import SimpleNamespace
from typing import Any

import pytest
from pydicom.dataset import Dataset, FileMetaDataset
from pynetdicom import evt

from service.errors import PeerUnavailable
from service.fetch.found import FoundInstance
from service.fetch.to_disk import DatasetsToDisk
from tests.fakes.datasets import EXPLICIT_VR_LE, US_IMAGE, encoded, us_dataset
from tests.unit.fetch import receivers
from tests.unit.fetch.archive import Archive, running
from tests.unit.fetch.receivers import ScriptedReceiver, transfer_to

SERIES = "1.2.3.1"


def image(pixel_bytes: int = 64) -> Dataset:
    dataset = us_dataset(StudyInstanceUID="1.2.3", SeriesInstanceUID=SERIES, PixelData=bytes(pixel_bytes))
    dataset.file_meta = FileMetaDataset()
    dataset.file_meta.TransferSyntaxUID = EXPLICIT_VR_LE
    return dataset


def retrieve(pacs: Archive, receiver: ScriptedReceiver) -> Any:
    transfer = transfer_to(receiver)
    pacs.archive().retrieve("1.2.3", [FoundInstance(SERIES, "US", "1.2.3.9", US_IMAGE)], transfer)
    return transfer


def test_dataset_of_many_pdus_is_handed_on_byte_for_byte() -> None:
    sent, receiver = image(900_000), ScriptedReceiver()
    with running(Archive([sent])) as pacs:
        retrieve(pacs, receiver)
    assert [one.dataset for one in receiver.kept] == [encoded(sent)]


def test_dataset_over_the_bound_is_refused_and_the_next_one_comes() -> None:
    large, small, receiver = image(receivers.MAX_BYTES), image(), ScriptedReceiver()
    with running(Archive([large, small])) as pacs:
        transfer = retrieve(pacs, receiver)
    assert transfer.received == {small.SOPInstanceUID}
    assert "raise accept.max_instance_bytes" in transfer.refused[large.SOPInstanceUID]
    assert [one.sop_instance_uid for one in receiver.kept] == [small.SOPInstanceUID]


def test_dataset_that_breaks_off_is_not_handed_on() -> None:
    whole, half, receiver = image(), image(900_000), ScriptedReceiver()

    def cut(event: Any) -> Iterator[Any]:
        def on_sent(sent: Any) -> None:
            if len(sent.data) > 60_000:
                sent.assoc.dul.socket.socket.shutdown(socket.SHUT_RDWR)

        yield 2
        yield 0xFF00, whole
        event.assoc.bind(evt.EVT_DATA_SENT, on_sent)
        yield 0xFF00, half

    with running(Archive([whole, half], get=cut)) as pacs, pytest.raises(PeerUnavailable, match="ended"):
        retrieve(pacs, receiver)
    assert [one.sop_instance_uid for one in receiver.kept] == [whole.SOPInstanceUID]


def test_dataset_that_came_with_its_command_set_is_handed_on() -> None:
    receiver = ScriptedReceiver()
    request = SimpleNamespace(
        _dataset_file=None,
        DataSet=BytesIO(b"dataset"),
        AffectedSOPClassUID=US_IMAGE,
        AffectedSOPInstanceUID="1.2.3",
    )
    context = SimpleNamespace(transfer_syntax=EXPLICIT_VR_LE)
    status = DatasetsToDisk(transfer_to(receiver)).store(SimpleNamespace(request=request, context=context))
    assert (status, receiver.kept[0].dataset) == (0x0000, b"dataset")
