"""A destination by DIMSE: C-STORE, C-FIND and storage commitment on one association."""

from collections.abc import Iterable, Sequence
from io import BytesIO

from pydicom import dcmread

from service.config import Destination
from service.dicom.values import text
from service.net.c_find import STUDY_ROOT_FIND, find
from service.net.scu import Context
from service.net.storage_commitment import STORAGE_COMMITMENT
from service.send.association import Association
from service.send.outcome import SUCCESS, Sent
from service.send.scu import UNCOMPRESSED, not_taken, store
from service.storage.ledger.tables.commitments import Reference
from service.storage.ledger.tables.deliveries import Proof, StoredObject

_SERVICES = {
    "auto": (STORAGE_COMMITMENT, STUDY_ROOT_FIND),
    "commitment": (STORAGE_COMMITMENT,),
    "query": (STUDY_ROOT_FIND,),
    "status": (),
}
"""What is proposed beside storage, by `destinations[].confirm`."""


def contexts_for(destination: Destination, sop_class_uids: Iterable[str]) -> tuple[Context, ...]:
    """The presentation contexts for objects of these classes, and for what proves that they arrived."""
    classes = dict.fromkeys([*sop_class_uids, *_SERVICES[destination.confirm]])
    return tuple((sop_class_uid, UNCOMPRESSED) for sop_class_uid in classes)


class DimseLink:
    """The link port on an association."""

    status_proof = Proof.STORE_STATUS
    query = "C-FIND"

    def __init__(self, association: Association) -> None:
        self._association = association

    @property
    def is_open(self) -> bool:
        """As in the port."""
        return self._association.is_open

    def store(self, stored: StoredObject, data: bytes) -> Sent:
        """C-STORE, uncompressed."""
        if not self._association.accepts(stored.sop_class_uid, UNCOMPRESSED):
            return not_taken(stored.sop_instance_uid, stored.sop_class_uid)
        return store(self._association, stored.sop_instance_uid, dcmread(BytesIO(data)), len(data))

    def cannot_commit(self) -> str:
        """As in the port."""
        if self._association.accepts(STORAGE_COMMITMENT, UNCOMPRESSED):
            return ""
        return "the PACS does not accept the Storage Commitment Push Model from us"

    def request_commitment(self, transaction_uid: str, references: Sequence[Reference]) -> str:
        """N-ACTION."""
        status = self._association.request_commitment(transaction_uid, references)
        if status == SUCCESS:
            return ""
        self._association.owed.discard(transaction_uid)
        return (
            f"the PACS refused the request for storage commitment (status 0x{status:04X}): check that it "
            "knows our AE title, with host and port"
        )

    def has_reported(self, transaction_uid: str) -> None:
        """As in the port."""
        self._association.owed.discard(transaction_uid)

    def cannot_query(self) -> str:
        """As in the port."""
        if self._association.accepts(STUDY_ROOT_FIND, UNCOMPRESSED):
            return ""
        return "the PACS does not accept C-FIND (Study Root) from us"

    def holds(self, stored: StoredObject) -> bool:
        """C-FIND for the one instance, by the unique keys of all levels (PS3.4 C.4.1.2.1)."""
        keys = {
            "StudyInstanceUID": stored.study_instance_uid,
            "SeriesInstanceUID": stored.series_instance_uid,
            "SOPInstanceUID": stored.sop_instance_uid,
        }
        matches = find(self._association, self._association, "IMAGE", keys, ())
        return any(text(match, "SOPInstanceUID") == stored.sop_instance_uid for match in matches)
