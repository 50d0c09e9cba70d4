"""Retrieval of result objects, and of heatmaps as pictures (WADO-RS, PS3.18 section 10.4)."""

from fastapi import APIRouter, Request, Response
from fastapi.exceptions import HTTPException

from service.access.records import Action
from service.access.roles import Permission
from service.errors import Refused
from service.storage.ledger.ledger import Ledger
from service.storage.ledger.tables.deliveries import StoredObject
from service.storage.store.port import InstanceStore
from service.worklist.access.gate import Gate
from service.worklist.dicomweb.described import PICTURE, RENDERED, RETRIEVED
from service.worklist.dicomweb.kept import Kept
from service.worklist.dicomweb.rendered import rendered
from service.worklist.dicomweb.results import path_of
from service.worklist.dicomweb.retrieved import multipart
from service.worklist.heatmaps import Heatmaps

_INSTANCE = (
    "/dicom-web/studies/{study_instance_uid}/series/{series_instance_uid}/instances/{sop_instance_uid}"
)
_GONE = "the store no longer holds this object; analyse the study again"
_DAMAGED = "what the store holds of this object is damaged; analyse the study again"


def retrieve_router(ledger: Ledger, store: InstanceStore, gate: Gate) -> APIRouter:
    """For those who may see patients."""
    router = APIRouter(default_response_class=Response)
    kept, heatmaps = Kept(ledger, gate.settings.public_url), Heatmaps(ledger, store)
    downloads = gate.needs(Permission.PATIENTS, Action.DOWNLOADED)
    views = gate.needs(Permission.PATIENTS, Action.VIEWED)

    def heatmap(stored: StoredObject, *, small: bool) -> bytes:
        if stored.kind != "heatmap":
            raise HTTPException(
                406, "only heatmaps are rendered; retrieve this object, and a viewer shows it"
            )
        try:
            return heatmaps.thumbnail(stored) if small else heatmaps.full(stored)
        except KeyError:
            raise HTTPException(404, _GONE) from None
        except Refused:
            raise HTTPException(404, _DAMAGED) from None

    @router.get(_INSTANCE, dependencies=[downloads], responses=RETRIEVED)
    def instance(
        study_instance_uid: str, series_instance_uid: str, sop_instance_uid: str, request: Request
    ) -> Response:
        """A result object, exactly as it is sent."""
        stored = kept.one(study_instance_uid, series_instance_uid, sop_instance_uid)
        try:
            data = store.get(stored.key)
        except KeyError:
            raise HTTPException(404, _GONE) from None
        try:
            return multipart(request, data, f"{kept.url(request)}/studies/{path_of(stored)}")
        except Refused:
            raise HTTPException(404, _DAMAGED) from None

    @router.get(f"{_INSTANCE}/rendered", dependencies=[views], responses=PICTURE, openapi_extra=RENDERED)
    def full(
        study_instance_uid: str, series_instance_uid: str, sop_instance_uid: str, request: Request
    ) -> Response:
        """A heatmap as a picture."""
        stored = kept.one(study_instance_uid, series_instance_uid, sop_instance_uid)
        return rendered(request, heatmap(stored, small=False))

    @router.get(f"{_INSTANCE}/thumbnail", dependencies=[views], responses=PICTURE, openapi_extra=RENDERED)
    def thumbnail(
        study_instance_uid: str, series_instance_uid: str, sop_instance_uid: str, request: Request
    ) -> Response:
        """A heatmap as a small picture."""
        stored = kept.one(study_instance_uid, series_instance_uid, sop_instance_uid)
        return rendered(request, heatmap(stored, small=True))

    return router
