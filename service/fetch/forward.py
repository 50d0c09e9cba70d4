"""Handing on what was fetched to our own SCP by C-STORE: it alone keeps instances."""

import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from io import BytesIO
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from pydicom.dataset import FileMetaDataset
from pydicom.filewriter import write_file_meta_info

from service.dicom.implementation import IMPLEMENTATION_CLASS_UID, IMPLEMENTATION_VERSION_NAME
from service.dicom.quiet import quiet
from service.errors import OutOfSpace, PeerUnavailable
from service.fetch.association import Association, associate
from service.fetch.peer import Peer
from service.fetch.status import SOP_CLASS_NOT_SUPPORTED
from service.net.scu import MAX_CONTEXTS, Context

_PREAMBLE = bytes(128) + b"DICM"


class Forwarder:
    """Sends datasets byte for byte. One association is kept open for those that come after.

    A context manager; one thread uses it at a time.
    """

    def __init__(self, peer: Peer) -> None:
        self._peer = peer
        self._contexts: dict[Context, None] = {}
        self._association: Association | None = None
        self._resources = ExitStack()

    def __enter__(self) -> Self:
        """Nothing is opened before the first instance."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Release the association."""
        self._close()

    def receive(
        self,
        encoded_dataset: bytes,
        sop_class_uid: str,
        sop_instance_uid: str,
        transfer_syntax_uid: str,
        calling_ae_title: str,
    ) -> int:
        """Send one instance; the status of the answer. We call by the AE title of `peer`.

        Raises PeerUnavailable. Sends once more where the association that was kept has ended meanwhile: a
        PACS may think longer about the next instance than our SCP waits for it.
        """
        context = (sop_class_uid, (transfer_syntax_uid,))
        head = _head(sop_class_uid, sop_instance_uid, transfer_syntax_uid)
        with _temporary_file(head, encoded_dataset) as path:
            was_kept = self._association is not None and context in self._contexts
            try:
                return self._send(context, path)
            except PeerUnavailable:
                self._close()
                if not was_kept:
                    raise
                return self._send(context, path)

    def _send(self, context: Context, path: Path) -> int:
        association = self._association_for(context)
        if not _takes(association, context):
            return SOP_CLASS_NOT_SUPPORTED
        try:
            with quiet():
                answer = association.assoc.send_c_store(path)
        except RuntimeError:  # pynetdicom's word for an association that has ended meanwhile
            raise association.broken() from None
        if "Status" not in answer:
            raise association.broken()
        return int(answer.Status)

    def _association_for(self, context: Context) -> Association:
        if self._association is None or context not in self._contexts:
            self._close()
            if len(self._contexts) >= MAX_CONTEXTS:
                self._contexts.clear()
            self._contexts[context] = None
            self._association = self._resources.enter_context(associate(self._peer, list(self._contexts)))
        return self._association

    def _close(self) -> None:
        self._association = None
        self._resources.close()


@contextmanager
def _temporary_file(*pieces: bytes) -> Iterator[Path]:
    """A file that only we can read, gone at the end. Raises OutOfSpace."""
    with ExitStack() as resources:
        try:
            file = resources.enter_context(tempfile.NamedTemporaryFile(prefix="preread-", suffix=".dcm"))
            for piece in pieces:
                file.write(piece)
            file.flush()
        except OSError as error:
            raise OutOfSpace(
                f"nothing can be written to {tempfile.gettempdir()} ({error.strerror}): make room there, or "
                "set TMPDIR to another folder"
            ) from None
        yield Path(file.name)


def _takes(association: Association, context: Context) -> bool:
    sop_class_uid, (transfer_syntax_uid,) = context
    return any(
        (agreed.abstract_syntax, agreed.transfer_syntax[0]) == (sop_class_uid, transfer_syntax_uid)
        for agreed in association.assoc.accepted_contexts
    )


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
