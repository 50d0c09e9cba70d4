"""What integration tests send: studies as files, and DCMTK's storescu in the role of the scanner."""

from collections.abc import Iterable, Sequence
from copy import deepcopy
from functools import cache
from pathlib import Path
from typing import Any

from pydicom.dataset import Dataset
from pydicom.uid import generate_uid

from service.cli.demo.phantom import phantom_study
from tests.servers.dcmtk import Dcmtk
from tests.servers.preread import Preread

SR_CLASS = "1.2.840.10008.5.1.4.1.1.88.34"
SC_CLASS = "1.2.840.10008.5.1.4.1.1.7"


@cache
def _drawn() -> list[Dataset]:
    return phantom_study(1)


def new_study(images: int = 2) -> list[Dataset]:
    """A study of phantom images, left and right in turn, with UIDs of its own."""
    study_uid = generate_uid(prefix=None)
    study = []
    for number in range(images):
        ds = deepcopy(_drawn()[number % 2])
        ds.StudyInstanceUID = study_uid
        ds.SOPInstanceUID = generate_uid(prefix=None)
        ds.file_meta.MediaStorageSOPInstanceUID = ds.SOPInstanceUID
        study.append(ds)
    return study


def write(datasets: Iterable[Any], folder: Path) -> list[Path]:
    """The datasets as files."""
    folder.mkdir(exist_ok=True)
    paths = []
    for number, dataset in enumerate(datasets):
        paths.append(folder / f"{number}.dcm")
        dataset.save_as(paths[-1], enforce_file_format=True)
    return paths


def store(dcmtk: Dcmtk, preread: Preread, files: Sequence[Path]) -> None:
    """Send files over one association. Fails unless each is answered with Success."""
    send_to(dcmtk, preread.dicom_port, files)


def send_to(dcmtk: Dcmtk, port: int, files: Sequence[Path]) -> None:
    """The same, to whoever listens on this port of this machine."""
    sent = dcmtk.run("storescu", "-aec", "PREREAD", "-R", "-v", "127.0.0.1", str(port), *map(str, files))
    assert sent.returncode == 0, sent.stdout
    assert sent.stdout.count("Status: 0x0000") + sent.stdout.count("(Success)") >= len(files), sent.stdout
