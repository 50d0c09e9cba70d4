"""Retrieval by WADO-RS (PS3.18 section 10.4): a series as DICOM files, each handed on once it is here."""

from collections.abc import Iterator
from email.message import Message

from service.dicom.file import dataset_of, read_file_identity
from service.errors import PeerUnavailable, Refused
from service.fetch.http import Answer, HttpClient
from service.fetch.multipart import BrokenMultipart, MultipartReader
from service.fetch.transfer import Transfer

ACCEPT = 'multipart/related; type="application/dicom"; transfer-syntax=*'
"""In whatever transfer syntax the server has it (PS3.18 8.7.3.5.2)."""


def retrieve_series(client: HttpClient, url: str, max_instance_bytes: int, transfer: Transfer) -> None:
    """Hand on every instance under `url`. Raises PeerUnavailable when the server breaks off."""
    with client.get(url, ACCEPT) as answer:
        try:
            for part in _parts(answer, max_instance_bytes):
                _hand_on(part, max_instance_bytes, transfer)
                if transfer.failure is not None:
                    return
        except BrokenMultipart as error:
            raise PeerUnavailable(f"the PACS broke a series off ({error}): fetch again") from None


def _parts(answer: Answer, max_bytes: int) -> Iterator[bytes | None]:
    content_type = Message()
    content_type["Content-Type"] = answer.headers.get("Content-Type", "")
    boundary = content_type.get_boundary()
    if boundary is None or content_type.get_content_maintype() != "multipart":
        raise PeerUnavailable(
            f"the PACS sent {content_type.get_content_type()} and not multipart/related: look at wado_url"
        )
    return MultipartReader(answer.read, boundary, max_bytes).parts()


def _hand_on(part: bytes | None, max_instance_bytes: int, transfer: Transfer) -> None:
    if part is None:
        transfer.problem(
            f"an instance has more than {max_instance_bytes} bytes: raise accept.max_instance_bytes"
        )
        return
    try:
        identity, transfer_syntax_uid = read_file_identity(part, max_instance_bytes)
    except Refused as error:
        transfer.problem(f"the PACS sent a part that is no DICOM instance: {error}")
        return
    dataset = bytes(dataset_of(part))
    transfer.take(dataset, identity.sop_class_uid, identity.sop_instance_uid, transfer_syntax_uid)
