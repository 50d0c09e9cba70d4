"""Retrieval by WADO-RS (PS3.18 section 10.4): a series as DICOM files, each to a file of ours as it comes."""

from collections.abc import Mapping
from email.message import Message

from service.dicom.file_head import FileHead, FileHeadReader
from service.errors import PeerUnavailable, Refused
from service.fetch.spooled import SpooledInstance
from service.fetch.transfer import Transfer
from service.net.http import Answer, HttpClient
from service.net.multipart import BadMultipart, MultipartReader

ACCEPT = 'multipart/related; type="application/dicom"; transfer-syntax=*'
"""In whatever transfer syntax the server has it (PS3.18 8.7.3.5.2)."""
_PIECE_BYTES = 256 * 1024


def retrieve_series(client: HttpClient, url: str, transfer: Transfer) -> None:
    """Hand on every instance under `url`. Raises PeerUnavailable when the server breaks off."""
    with client.get(url, ACCEPT) as answer:
        files = _Files(transfer)
        try:
            _read(answer, MultipartReader(_boundary(answer), files), transfer)
        except BadMultipart as error:
            raise PeerUnavailable(f"the PACS broke a series off ({error}): fetch again") from None
        finally:
            files.drop()


def _read(answer: Answer, reader: MultipartReader, transfer: Transfer) -> None:
    while transfer.failure is None:
        piece = answer.read(_PIECE_BYTES)
        if not piece:
            reader.end()
            return
        reader.feed(piece)


def _boundary(answer: Answer) -> str:
    content_type = Message()
    content_type["Content-Type"] = answer.headers.get("Content-Type", "")
    boundary = content_type.get_boundary()
    if boundary is None or content_type.get_content_maintype() != "multipart":
        raise PeerUnavailable(
            f"the PACS sent {content_type.get_content_type()} and not multipart/related: look at wado_url"
        )
    return boundary


class _Files:
    """Takes the parts: each is a DICOM file, whose head says what it is and whose dataset is handed on."""

    def __init__(self, transfer: Transfer) -> None:
        self._transfer = transfer
        self._reader = FileHeadReader()
        self._instance: SpooledInstance | None = None
        self._problem = ""
        self._announced_bytes = ""
        self._size_bytes = 0

    def begin_part(self, headers: Mapping[str, str]) -> None:
        """A file begins."""
        self._reader = FileHeadReader()
        self._instance = None
        self._problem = ""
        self._announced_bytes = headers.get("content-length", "")
        self._size_bytes = 0

    def write(self, data: memoryview) -> None:
        """The next bytes of the file."""
        self._size_bytes += len(data)
        if self._problem or self._transfer.failure is not None:
            return
        try:
            dataset = self._reader.feed(data)
        except Refused as error:
            self._problem = f"the PACS sent a part that is no DICOM instance: {error}"
            return
        if self._instance is None and self._reader.head is not None:
            self._instance = self._begin(self._reader.head)
        if self._instance is not None:
            self._instance.write(dataset)

    def end_part(self) -> None:
        """The file is here: hand it on, unless a part of it is missing."""
        instance, self._instance = self._instance, None
        if self._transfer.failure is not None:
            _remove(instance)
        elif instance is None:
            cut_off = self._reader.cut_off()
            self._transfer.problem(
                self._problem or f"the PACS sent a part that is no DICOM instance: {cut_off}"
            )
        elif self._announced_bytes.isdecimal() and int(self._announced_bytes) != self._size_bytes:
            instance.remove()
            self._transfer.refuse(
                instance.sop_instance_uid,
                f"the PACS sent {self._size_bytes} of the {self._announced_bytes} bytes that it announced: "
                "fetch again",
            )
        else:
            self._transfer.take(instance)

    def drop(self) -> None:
        """Forget a file that has not come to its end."""
        _remove(self._instance)

    def _begin(self, head: FileHead) -> SpooledInstance:
        return self._transfer.begin(head.sop_class_uid, head.sop_instance_uid, head.transfer_syntax_uid)


def _remove(instance: SpooledInstance | None) -> None:
    if instance is not None:
        instance.remove()
