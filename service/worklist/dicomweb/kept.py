"""The result objects that there are for others, and where they are found.

Objects that are held back are not among them: nobody is to get what the conformance gate has not let through.
"""

from collections.abc import Sequence

from fastapi import Request
from fastapi.exceptions import HTTPException

from service.storage.ledger.ledger import Ledger
from service.storage.ledger.questions.result_objects import ResultObjects
from service.storage.ledger.tables.deliveries import StoredObject
from service.worklist.asked import checked_uid


class Kept:
    """Over an open ledger. `public_url` is where others reach this service; empty: where it was asked."""

    def __init__(self, ledger: Ledger, public_url: str) -> None:
        self._ledger = ledger
        self._public_url = public_url

    def url(self, request: Request) -> str:
        """The base address of DICOMweb."""
        return f"{(self._public_url or str(request.base_url)).rstrip('/')}/dicom-web"

    def of_study(self, study_instance_uid: str) -> Sequence[StoredObject]:
        """Oldest first. Raises HTTPException 404 for what is no UID."""
        with self._ledger.read() as tx:
            objects = ResultObjects(tx.connection).of_studies([checked_uid(study_instance_uid)])
        return objects[study_instance_uid]

    def of_series(self, study_instance_uid: str, series_instance_uid: str) -> Sequence[StoredObject]:
        """As `of_study`."""
        series = checked_uid(series_instance_uid)
        return [one for one in self.of_study(study_instance_uid) if one.series_instance_uid == series]

    def one(self, study_instance_uid: str, series_instance_uid: str, sop_instance_uid: str) -> StoredObject:
        """Raises HTTPException 404 where it is not there."""
        uid = checked_uid(sop_instance_uid)
        for stored in self.of_series(study_instance_uid, series_instance_uid):
            if stored.sop_instance_uid == uid:
                return stored
        raise HTTPException(404, "this service has no such result object in this series")
