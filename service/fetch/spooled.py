"""An instance on its way from a PACS: a file, so that memory holds pieces only, whatever its size."""

import os
from contextlib import suppress
from io import BytesIO
from pathlib import Path
from typing import Any, BinaryIO

from pydicom.dataset import FileMetaDataset
from pydicom.filewriter import write_file_meta_info

from service.dicom.identity import is_safe_uid
from service.dicom.implementation import IMPLEMENTATION_CLASS_UID, IMPLEMENTATION_VERSION_NAME
from service.dicom.quiet import quiet
from service.errors import OutOfSpace, PrereadError, TooLarge, UnsafeUID

_PREAMBLE = bytes(128) + b"DICM"


class SpooledInstance:
    """One instance as a DICOM file that only we can read, until it is removed. One thread at a time uses it.

    What goes wrong is remembered, the rest of the bytes is forgotten, and `end` tells: so the PACS gets its
    answer after its last byte.
    """

    def __init__(
        self,
        path: Path,
        max_bytes: int,
        sop_class_uid: str,
        sop_instance_uid: str,
        transfer_syntax_uid: str,
    ) -> None:
        self.path = path
        self.is_removed = False
        self.sop_class_uid = sop_class_uid
        self.sop_instance_uid = sop_instance_uid
        self.transfer_syntax_uid = transfer_syntax_uid
        self._max_bytes = max_bytes
        self._size_bytes = 0
        self._file: BinaryIO | None = None
        self._failure: PrereadError | None = None
        if all(map(is_safe_uid, (sop_class_uid, sop_instance_uid, transfer_syntax_uid))):
            self._write(_head(sop_class_uid, sop_instance_uid, transfer_syntax_uid))
        else:
            self._failure = UnsafeUID("the PACS named its class, itself or its transfer syntax by no UID")

    def write(self, data: bytes | memoryview) -> None:
        """The next bytes of the dataset; the caller may overwrite them afterwards. Raises nothing."""
        if self._failure is not None:
            return
        self._size_bytes += len(data)
        if self._size_bytes > self._max_bytes:
            self._fail(TooLarge(f"it has more than {self._max_bytes} bytes: raise accept.max_instance_bytes"))
        else:
            self._write(data)

    def end(self) -> None:
        """The dataset has ended: the file is whole. Raises TooLarge, UnsafeUID, OutOfSpace."""
        if self._failure is None and self._file is not None:
            try:
                self._file.flush()
            except OSError as error:
                self._fail(no_room(self.path.parent, error))
        if self._failure is not None:
            raise self._failure

    def remove(self) -> None:
        """Have the file no longer."""
        self.is_removed = True
        with suppress(OSError):  # the disk may be full still
            if self._file is not None:
                self._file.close()
        with suppress(OSError):
            self.path.unlink(missing_ok=True)

    def _write(self, data: bytes | memoryview) -> None:
        try:
            if self._file is None:
                # Closed by `remove`.
                self._file = open(self.path, "xb", opener=_private)  # noqa: SIM115
            self._file.write(data)
        except OSError as error:
            self._fail(no_room(self.path.parent, error))
        except ValueError:  # removed meanwhile: the association has ended, and nobody waits for it
            return

    def _fail(self, failure: PrereadError) -> None:
        self._failure = failure
        self.remove()


def no_room(folder: Path, error: OSError) -> OutOfSpace:
    """Why nothing can be kept in the folder."""
    return OutOfSpace(
        f"nothing can be written to {folder} ({error.strerror or error}): make room there, or give "
        "data_folder another place"
    )


def _private(path: str, flags: int) -> int:
    return os.open(path, flags, 0o600)


def _head(sop_class_uid: str, sop_instance_uid: str, transfer_syntax_uid: str) -> bytes:
    """Preamble and file meta information (PS3.10 7.1): pynetdicom sends the rest of a file as it is."""
    meta: Any = FileMetaDataset()
    meta.MediaStorageSOPClassUID = sop_class_uid
    meta.MediaStorageSOPInstanceUID = sop_instance_uid
    meta.TransferSyntaxUID = transfer_syntax_uid
    meta.ImplementationClassUID = IMPLEMENTATION_CLASS_UID
    meta.ImplementationVersionName = IMPLEMENTATION_VERSION_NAME
    buffer = BytesIO()
    with quiet():
        write_file_meta_info(buffer, meta)
    return _PREAMBLE + buffer.getvalue()
