"""A large object passes through, from the PACS to our own SCP, a piece at a time."""

import json
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from pydicom.dataset import Dataset, FileMetaDataset

from service.accept.instance.receiver import InstanceReceiver
from service.accept.intake.port import DirectIntake
from service.accept.scp import StorageSCP
from service.config import AcceptSettings
from service.storage.store.filesystem import FilesystemStore
from tests.fakes.datasets import EXPLICIT_VR_LE, part10, us_dataset
from tests.unit.fetch.archive import Archive, running
from tests.unit.fetch.web import Reply, files, serving

PIXEL_BYTES = 100_000_000
MOST_KIB = 32 * 1024
SMALL, LARGE = "1.2.3.1", "1.2.3.2"
FETCHER = """
import json, sys
from pathlib import Path
from service.config import DicomWebSource
from service.fetch.dicomweb import DicomWebArchive
from service.fetch.dimse import DimseArchive
from service.fetch.forward import Forwarder
from service.fetch.found import FoundInstance
from service.fetch.peer import Peer
from service.fetch.spool import Spool
from service.fetch.transfer import Transfer

US_IMAGE, EXPLICIT_VR_LE = "1.2.840.10008.5.1.4.1.1.6.1", "1.2.840.10008.1.2.1"
folder, url, pacs_port, port, *series = sys.argv[1:]
peer = lambda port, title: Peer("peer", "127.0.0.1", int(port), title, "PREREAD", 10.0, 60.0)
if url:
    archive = DicomWebArchive(DicomWebSource(qido_url=url))
else:
    archive = DimseArchive(peer(pacs_port, "ARCHIVE"), {US_IMAGE: (EXPLICIT_VR_LE,)})
said = []
with Spool(Path(folder), 2 * 1024**3) as spool, Forwarder(peer(port, "PREREAD")) as forwarder:
    for uid in series:
        transfer = Transfer(forwarder, spool, lambda count: None)
        archive.retrieve("1.2.3", [FoundInstance(uid, "US", "1.2.3.9", US_IMAGE)], transfer)
        status = Path("/proc/self/status").read_text().splitlines()
        peak_kib = next(int(line.split()[1]) for line in status if line.startswith("VmHWM"))
        said.append([len(transfer.received), peak_kib])
print(json.dumps(said))
"""


def image(series: str, pixel_bytes: int) -> Dataset:
    dataset = us_dataset(StudyInstanceUID="1.2.3", SeriesInstanceUID=series, PixelData=bytes(pixel_bytes))
    dataset.file_meta = FileMetaDataset()
    dataset.file_meta.TransferSyntaxUID = EXPLICIT_VR_LE
    return dataset


@contextmanager
def ourselves(folder: Path) -> Iterator[int]:
    """Our own SCP; its port."""
    settings = AcceptSettings(bind="127.0.0.1", min_free_bytes=0)
    store = FilesystemStore(folder)
    scp = StorageSCP(settings, InstanceReceiver(store, DirectIntake(lambda instance: None), settings), port=0)
    scp.start()
    try:
        yield scp.port
    finally:
        scp.stop(5.0)


@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="needs Linux's /proc")
@pytest.mark.parametrize("service", ["c-get", "wado-rs"])
def test_object_of_100_mb_adds_at_most_32_mib_of_resident_memory(tmp_path: Path, service: str) -> None:
    images = {SMALL: image(SMALL, 1000), LARGE: image(LARGE, PIXEL_BYTES)}

    def answer(path: str) -> Reply:
        return files(part10(images[path.rpartition("/")[2]]))

    with (
        ourselves(tmp_path / "store") as port,
        running(Archive(list(images.values()))) as pacs,
        serving(answer) as web,
    ):
        where = ["", str(pacs.port)] if service == "c-get" else [web.url, "0"]
        command = [sys.executable, "-c", FETCHER, str(tmp_path / "fetching"), *where, str(port), SMALL, LARGE]
        done = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True, timeout=240)
    (small, before), (large, after) = json.loads(done.stdout)
    assert (small, large) == (1, 1)
    assert 0 <= after - before <= MOST_KIB
    kept = sorted(path.stat().st_size for path in (tmp_path / "store" / "instances").rglob("*.dcm"))
    assert len(kept) == 2 and kept[1] > PIXEL_BYTES
