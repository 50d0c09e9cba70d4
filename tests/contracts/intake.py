"""What every way to keep an instance promises."""

from collections.abc import Callable

from service.accept.instance.receiver import InstanceReceiver
from service.accept.intake.port import Intake
from service.config import AcceptSettings
from service.storage.store.port import InstanceStore
from service.study.model import ReceivedInstance
from tests.fakes.datasets import EXPLICIT_VR_LE, US_IMAGE, encoded, us_dataset

SMALL, LARGE = 100_000, 1_500_000
"""Bytes of pixels: within the journal's records, and beyond them."""


class IntakeContract:
    """Subclass with fixtures `intake`, `store`, `settled` (wait until all is entered) and `entries`."""

    def test_what_was_taken_is_entered_with_its_file(
        self,
        intake: Intake,
        store: InstanceStore,
        settled: Callable[[], None],
        entries: dict[str, ReceivedInstance],
    ) -> None:
        datasets = [us_dataset(PixelData=bytes(size)) for size in (SMALL, LARGE, SMALL)]
        for dataset in datasets:
            assert _send(intake, store, encoded(dataset), dataset.SOPInstanceUID) == 0x0000
        settled()
        assert list(entries) == [dataset.SOPInstanceUID for dataset in datasets]
        for dataset in datasets:
            assert store.get(entries[dataset.SOPInstanceUID].key).endswith(encoded(dataset))

    def test_other_bytes_under_a_known_uid_are_quarantined_and_the_first_stay(
        self,
        intake: Intake,
        store: InstanceStore,
        settled: Callable[[], None],
        entries: dict[str, ReceivedInstance],
    ) -> None:
        for size in (SMALL, LARGE):
            first = us_dataset(PixelData=bytes(size))
            uids = {name: first[name].value for name in ("SOPInstanceUID", "StudyInstanceUID")}
            second = us_dataset(**uids, Rows=5, PixelData=bytes(size))
            for dataset in (first, second):
                _send(intake, store, encoded(dataset), dataset.SOPInstanceUID)
            settled()
            kept = entries[first.SOPInstanceUID]
            assert store.keys(f"instances/{first.StudyInstanceUID}/") == [kept.key]
            assert store.get(kept.key).endswith(encoded(first))
        quarantined = [key for key in store.keys("quarantine/") if key.endswith(".dcm")]
        assert len(quarantined) == 2


def _send(intake: Intake, store: InstanceStore, data: bytes, sop_instance_uid: str) -> int:
    receiver = InstanceReceiver(store, intake, AcceptSettings(min_free_bytes=0))
    return receiver.receive(data, US_IMAGE, sop_instance_uid, EXPLICIT_VR_LE, "SCANNER")
