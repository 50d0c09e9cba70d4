"""Releasing from the quarantine, whatever the size of what is released."""

from collections.abc import Callable
from io import BytesIO
from typing import BinaryIO

import pytest

from service.accept.instance.receiver import InstanceReceiver
from service.accept.intake.port import DirectIntake
from service.accept.quarantine.entry import QuarantineEntry
from service.accept.quarantine.release import Releaser
from service.config import AcceptSettings
from service.dicom.file import PIECE_BYTES
from service.errors import StoreUnavailable
from service.storage.store.memory import MemoryStore
from service.study.model import ReceivedInstance
from tests.fakes.datasets import encoded, part10, us_dataset

DATASET = us_dataset(PixelData=bytes(5 * PIECE_BYTES))
KEY = "quarantine/2026-03-01/00000000-0000-0000-0000-000000000000.dcm"
ENTRY = QuarantineEntry("00000000-0000-0000-0000-000000000000", KEY, "2026-03-01", calling_ae_title="US1")


class PiecesStore(MemoryStore):
    """Gives no file as a whole, and none more than `good` times in pieces."""

    good = 1000

    def get(self, key: str) -> bytes:
        raise AssertionError(f"{key} was read as a whole")

    def open(self, key: str) -> BinaryIO:
        store, file = self, BytesIO(self._kept[key])

        class Pieces(BytesIO):
            def read(self, size: int | None = -1) -> bytes:
                assert size is not None
                assert 0 < size <= PIECE_BYTES
                store.good -= 1
                if store.good < 0:
                    raise OSError(5, "Input/output error")
                return super().read(size)

        return Pieces(file.getvalue())


@pytest.fixture
def store() -> PiecesStore:
    store = PiecesStore()
    store.put(KEY, part10(DATASET))
    return store


@pytest.fixture
def entered() -> dict[str, ReceivedInstance]:
    return {}


@pytest.fixture
def release(store: PiecesStore, entered: dict[str, ReceivedInstance]) -> Callable[[], None]:
    settings = AcceptSettings(min_free_bytes=0)

    def record(instance: ReceivedInstance) -> None:
        entered[instance.sop_instance_uid] = instance

    receiver = InstanceReceiver(store, DirectIntake(record), settings)
    releaser = Releaser(store, receiver, entered.get, settings.max_instance_bytes)
    return lambda: releaser.release(ENTRY, as_is=False)


def test_released_file_is_never_in_memory_as_a_whole(
    store: PiecesStore, entered: dict[str, ReceivedInstance], release: Callable[[], None]
) -> None:
    release()
    instance = entered[DATASET.SOPInstanceUID]
    assert instance.calling_ae_title == "US1"
    assert store._kept[instance.key].endswith(encoded(DATASET))


@pytest.mark.parametrize("good", [0, 1, 3])
def test_file_that_cannot_be_read_to_its_end_leaves_nothing_and_is_tried_again(
    store: PiecesStore, entered: dict[str, ReceivedInstance], release: Callable[[], None], good: int
) -> None:
    store.good = good
    with pytest.raises(StoreUnavailable, match="check the store"):
        release()
    assert (entered, store.keys("instances/")) == ({}, [])
    store.good = 1000
    release()
    assert len(entered) == 1
