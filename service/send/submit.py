"""Sending files that already exist, as they are: `preread submit`."""

import warnings
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pydicom import dcmread

from service.config import Destination, SendSettings
from service.dicom.file import read_file_identity
from service.errors import Refused
from service.net.scu import MAX_CONTEXTS, Context
from service.send.association import Association, associate
from service.send.outcome import Sent
from service.send.scu import UNCOMPRESSED, not_encodable, not_taken, store

_MAX_INFLATED_BYTES = 2 * 1024**3


@dataclass(frozen=True, slots=True)
class Submitted:
    """What became of one file. `sent` is None for a file that was skipped; `detail` says why."""

    path: Path
    sent: Sent | None
    detail: str

    @property
    def accepted(self) -> bool:
        """Whether the peer stored it."""
        return self.sent is not None and self.sent.accepted


@dataclass(frozen=True, slots=True)
class InstanceFile:
    """A DICOM file and what it says it is."""

    path: Path
    sop_class_uid: str
    sop_instance_uid: str
    transfer_syntax_uid: str

    @property
    def context(self) -> Context:
        """Uncompressed files may be sent in the other uncompressed syntax, all others only as they are."""
        if self.transfer_syntax_uid in UNCOMPRESSED:
            return self.sop_class_uid, UNCOMPRESSED
        return self.sop_class_uid, (self.transfer_syntax_uid,)


def submit_files(
    paths: Iterable[Path], peer: Destination, settings: SendSettings, progress: Callable[[Submitted], None]
) -> tuple[Submitted, ...]:
    """Send files, and all files in folders, each in its own transfer syntax; tell `progress` of each.

    Files that are no DICOM instances are skipped and reported. Raises PeerUnavailable when there is no
    association or it breaks: what `progress` was told of before has arrived.
    """
    reports: list[Submitted] = []

    def report(one: Submitted) -> None:
        reports.append(one)
        progress(one)

    files = list(instance_files(paths, report))
    for batch in _batches(files):
        with associate(peer, settings, dict.fromkeys(file.context for file in batch)) as association:
            for file in batch:
                sent = _send(association, file)
                report(Submitted(file.path, sent, sent.detail))
    return tuple(reports)


def instance_files(paths: Iterable[Path], report: Callable[[Submitted], None]) -> Iterator[InstanceFile]:
    """The DICOM files among `paths` and in folders there; `report` is told of all others, as skipped."""
    for path in _walk(paths):
        try:
            identity, transfer_syntax_uid = read_file_identity(path.read_bytes(), _MAX_INFLATED_BYTES)
        except (Refused, OSError) as error:
            report(Submitted(path, None, f"skipped: {error}"))
            continue
        yield InstanceFile(path, identity.sop_class_uid, identity.sop_instance_uid, transfer_syntax_uid)


def _walk(paths: Iterable[Path]) -> Iterator[Path]:
    for path in paths:
        if path.is_dir():
            yield from sorted(below for below in path.rglob("*") if below.is_file())
        else:
            yield path


def _batches(files: Sequence[InstanceFile]) -> Iterator[list[InstanceFile]]:
    """Files that fit into one association each: all of them, but for a very mixed folder."""
    contexts = list(dict.fromkeys(file.context for file in files))
    for first in range(0, len(contexts), MAX_CONTEXTS):
        proposed = set(contexts[first : first + MAX_CONTEXTS])
        yield [file for file in files if file.context in proposed]


def _send(association: Association, file: InstanceFile) -> Sent:
    if not association.accepts(*file.context):
        return not_taken(file.sop_instance_uid, file.sop_class_uid, file.transfer_syntax_uid)
    try:
        dataset = _read(file.path)
    except Exception as error:  # edge of the loop: pydicom raises whatever a damaged file provokes
        return not_encodable(file.sop_instance_uid, error)
    return store(association, file.sop_instance_uid, dataset, file.path.stat().st_size)


def _read(path: Path) -> Any:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # they quote values
        return dcmread(path)
