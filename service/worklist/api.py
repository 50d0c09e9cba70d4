"""The JSON API, the heatmaps' pictures and the health check."""

from pathlib import PurePosixPath
from typing import Annotated, Literal

from fastapi import APIRouter, Response
from fastapi.exceptions import HTTPException

from service.access.person import Person
from service.access.records import Action
from service.access.roles import Permission
from service.storage.ledger.ledger import Ledger
from service.storage.ledger.tables.deliveries import StoredObject
from service.storage.store.port import InstanceStore
from service.worklist.access.gate import Gate
from service.worklist.answers import PNG, binary
from service.worklist.asked import Frame, checked_uid, known_study
from service.worklist.entries import StudyDetail, WorklistPage
from service.worklist.heatmaps import Heatmaps
from service.worklist.listing import Asked
from service.worklist.reading import read_page, read_summary


def api_router(ledger: Ledger, store: InstanceStore, gate: Gate, research: bool) -> APIRouter:
    """Everything that machines ask for."""
    router = APIRouter()
    heatmaps = Heatmaps(ledger, store)

    @router.get("/api/v1/studies")
    def studies(
        asked: Asked, person: Annotated[Person, gate.needs(Permission.STUDIES, Action.LISTED)]
    ) -> WorklistPage:
        """Part of the list, newest study first."""
        return read_page(ledger, asked, research, person)

    @router.get("/api/v1/studies/{study_instance_uid}")
    def study(
        study_instance_uid: str, person: Annotated[Person, gate.needs(Permission.STUDIES, Action.VIEWED)]
    ) -> StudyDetail:
        """One study with its history and result objects."""
        return known_study(ledger, study_instance_uid, research, person)

    @router.get(
        "/api/v1/studies/{study_instance_uid}/heatmaps/{sop_instance_uid}.png",
        dependencies=[gate.needs(Permission.PATIENTS, by_itself=True)],
        response_class=Response,
        responses=PNG,
    )
    def heatmap(
        study_instance_uid: str,
        sop_instance_uid: str,
        size: Literal["thumbnail", "full"] = "full",
        classifier: str | None = None,
        frame: Frame = None,
    ) -> Response:
        """A heatmap by its own UID, or by that of the image (and frame) it was made from."""
        source = (checked_uid(sop_instance_uid), frame)
        return _heatmap(heatmaps, checked_uid(study_instance_uid), source, classifier, size)

    @router.get(
        "/api/v1/studies/{study_instance_uid}/objects/{sop_instance_uid}.dcm",
        response_class=Response,
        responses=binary("application/dicom", "application/octet-stream"),
    )
    def result_object(
        study_instance_uid: str,
        sop_instance_uid: str,
        person: Annotated[Person, gate.needs(Permission.PATIENTS, Action.DOWNLOADED)],
    ) -> Response:
        """A result object, exactly as it is sent: a DICOM Part 10 file, or the message of another kind."""
        with ledger.read() as tx:
            objects = tx.deliveries.objects_of(checked_uid(study_instance_uid))
        stored = next((one for one in objects if one.sop_instance_uid == sop_instance_uid), None)
        if stored is None:
            raise HTTPException(404, "this study has no such result object")
        return _download(store, stored)

    @router.get("/healthz")
    def healthz() -> dict[str, str]:
        """Whether this process can read the ledger."""
        read_summary(ledger)
        return {"status": "ok"}

    return router


def _download(store: InstanceStore, stored: StoredObject) -> Response:
    try:
        data = store.get(stored.key)
    except KeyError:
        raise HTTPException(404, "the store no longer holds this object; analyse the study again") from None
    is_dicom = stored.key.endswith(".dcm")
    name = f"{stored.kind}-{stored.sop_instance_uid}{PurePosixPath(stored.key).suffix}"
    return Response(
        data,
        media_type="application/dicom" if is_dicom else "application/octet-stream",
        headers={"Content-Disposition": f'attachment; filename="{name}"'},
    )


def _heatmap(
    heatmaps: Heatmaps,
    study_instance_uid: str,
    source: tuple[str, int | None],
    classifier: str | None,
    size: Literal["thumbnail", "full"],
) -> Response:
    try:
        found = heatmaps.find(study_instance_uid, source, classifier)
        if found is None:
            raise HTTPException(404, "no heatmap of this image: it was not scored, or the study is in work")
        png = heatmaps.thumbnail(found) if size == "thumbnail" else heatmaps.full(found)
    except KeyError:
        raise HTTPException(404, "the store no longer holds this heatmap; analyse the study again") from None
    return Response(png, media_type="image/png")
