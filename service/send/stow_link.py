"""A destination by DICOMweb: STOW-RS, and QIDO-RS to look whether it holds what it was sent."""

import uuid

from service.config import StowDestination
from service.dicom.values import text
from service.errors import PeerUnavailable
from service.net.http import HttpClient, explain, is_passing
from service.net.qido import search
from service.send.http_link import OURS_TO_MEND, SUCCESSES, mended_later
from service.send.no_commitment import NoCommitment
from service.send.outcome import SUCCESS, Sent
from service.send.store_response import read_store_response, unexplained
from service.storage.ledger.tables.deliveries import Proof, StoredObject

_REDIRECTIONS = range(300, 400)


class StowLink(NoCommitment):
    """The link port over HTTP, a request for each object."""

    status_proof = Proof.STOW_STATUS
    query = "QIDO-RS"
    no_commitment = "DICOMweb has no storage commitment"

    def __init__(self, settings: StowDestination) -> None:
        self._settings = settings
        with mended_later():
            self._client = HttpClient(settings)

    def store(self, stored: StoredObject, data: bytes) -> Sent:
        """Store transaction (PS3.18 10.5)."""
        boundary = uuid.uuid4().hex
        head = f"--{boundary}\r\nContent-Type: application/dicom\r\n\r\n".encode()
        body = head + data + f"\r\n--{boundary}--\r\n".encode()
        content_type = f'multipart/related; type="application/dicom"; boundary={boundary}'
        with mended_later():
            code, answer = self._client.post(
                f"{self._settings.url}/studies", body, content_type, "application/dicom+json"
            )
        sent = read_store_response(stored.sop_instance_uid, code, answer)
        if sent is not None:
            return sent
        if is_passing(code) or code in OURS_TO_MEND or code in _REDIRECTIONS:
            raise PeerUnavailable(f"{self._settings.url} answered STOW-RS with {explain(code)}")
        if code in SUCCESSES:
            return Sent(stored.sop_instance_uid, SUCCESS, True, f"stored (HTTP status {code}, no details)")
        return unexplained(stored.sop_instance_uid, code, answer)

    def cannot_query(self) -> str:
        """As in the port."""
        return ""

    def holds(self, stored: StoredObject) -> bool:
        """Search among all instances (PS3.18 10.6): asked about a study that it lacks, a server may say 404,
        which might mean as well that there is no QIDO-RS.
        """
        url = f"{self._settings.qido_url or self._settings.url}/instances"
        keys = {
            "StudyInstanceUID": stored.study_instance_uid,
            "SeriesInstanceUID": stored.series_instance_uid,
            "SOPInstanceUID": stored.sop_instance_uid,
        }
        with mended_later():
            matches = search(self._client, url, keys, (), "SOPInstanceUID")
        return any(text(match, "SOPInstanceUID") == stored.sop_instance_uid for match in matches)
