"""A result object as the one part of a multipart answer (PS3.18 sections 8.6.1.2 and 10.4)."""

from hashlib import sha256

from fastapi import Request, Response

from service.dicom.header import read_header
from service.worklist.dicomweb.negotiate import accepted, not_acceptable

_OFFERED = 'multipart/related; type="application/dicom"; transfer-syntax={}'


def multipart(request: Request, data: bytes, url: str) -> Response:
    """The Part 10 file `data`, in the transfer syntax of the file. Raises HTTPException 406, NotDicom."""
    transfer_syntax = str(read_header(data).file_meta.TransferSyntaxUID)
    if not any(
        one.takes("multipart/related")
        and one.type in {"", "application/dicom"}
        and one.transfer_syntax in {"", "*", transfer_syntax}
        for one in accepted(request)
    ):
        raise not_acceptable([_OFFERED.format(transfer_syntax)])
    # Not by chance: equal answers have equal bytes, and so the same ETag.
    boundary = sha256(data).hexdigest()
    head = (
        f"--{boundary}\r\nContent-Type: application/dicom; transfer-syntax={transfer_syntax}\r\n"
        f"Content-Location: {url}\r\n\r\n"
    )
    body = b"".join((head.encode(), data, f"\r\n--{boundary}--\r\n".encode()))
    return Response(body, media_type=f'multipart/related; type="application/dicom"; boundary={boundary}')
