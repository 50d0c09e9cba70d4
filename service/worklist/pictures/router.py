"""The page on which a person looks at one image, and its pictures."""

from typing import Annotated

from fastapi import APIRouter, Query, Response
from fastapi.exceptions import HTTPException
from fastapi.responses import HTMLResponse

from service.access.person import Person
from service.access.records import Action
from service.access.roles import Permission
from service.errors import Refused
from service.storage.ledger.ledger import Ledger
from service.storage.store.port import InstanceStore
from service.study.model import ReceivedInstance
from service.worklist.access.gate import Gate
from service.worklist.answers import PNG
from service.worklist.asked import Frame, checked_uid, known_study
from service.worklist.pictures.frames import Frames
from service.worklist.pictures.viewed import Viewing
from service.worklist.rendering import render_page

_GONE = "the store no longer holds this image: it was removed, as the study's page says"
Name = Annotated[str, Query(max_length=64)]


def pictures_router(ledger: Ledger, store: InstanceStore, gate: Gate, research: bool) -> APIRouter:
    """For those who may see patients: scanners burn names into images."""
    router = APIRouter()
    frames = Frames(store)
    viewing = Viewing(ledger, frames)
    needed = gate.needs(Permission.PATIENTS, Action.VIEWED)

    def received(study_instance_uid: str, sop_instance_uid: str) -> ReceivedInstance:
        found = viewing.instance(checked_uid(study_instance_uid), checked_uid(sop_instance_uid))
        if found is None:
            raise HTTPException(404, "this study has no such image here")
        return found

    @router.get(
        "/studies/{study_instance_uid}/images/{sop_instance_uid}",
        response_class=HTMLResponse,
        include_in_schema=False,
    )
    def page(
        study_instance_uid: str,
        sop_instance_uid: str,
        person: Annotated[Person, needed],
        classifier: Name = "",
        frame: Frame = None,
    ) -> HTMLResponse:
        instance = received(study_instance_uid, sop_instance_uid)
        try:
            image = viewing.image(instance, classifier, frame)
        except KeyError:
            raise HTTPException(404, _GONE) from None
        entry = known_study(ledger, study_instance_uid, research, person).entry
        return render_page(
            "image.html", person.language, image=image, entry=entry, research=research, person=person
        )

    @router.get(
        "/api/v1/studies/{study_instance_uid}/images/{sop_instance_uid}.png",
        dependencies=[gate.needs(Permission.PATIENTS, by_itself=True)],
        response_class=Response,
        responses=PNG,
    )
    def picture(study_instance_uid: str, sop_instance_uid: str, frame: Frame = None) -> Response:
        """A received image, or one of its frames, as it is displayed."""
        return _picture(frames, received(study_instance_uid, sop_instance_uid).key, frame or 1)

    @router.get(
        "/api/v1/studies/{study_instance_uid}/images/{sop_instance_uid}/heat.png",
        dependencies=[gate.needs(Permission.PATIENTS, by_itself=True)],
        response_class=Response,
        responses=PNG,
    )
    def heat(
        study_instance_uid: str, sop_instance_uid: str, classifier: Name, frame: Frame = None
    ) -> Response:
        """What raised the score, as colours and opacity over the analysed region."""
        found = viewing.score(checked_uid(study_instance_uid), checked_uid(sop_instance_uid), classifier)
        key = viewing.heat_key(found[1], frame or found[1].frame_number or 1) if found else ""
        try:
            if key:
                return Response(frames.heat(key), media_type="image/png")
        except KeyError:
            pass
        raise HTTPException(404, "no heat of this image: it was not scored, or the study is in work")

    return router


def _picture(frames: Frames, key: str, number: int) -> Response:
    try:
        return Response(frames.png(key, number), media_type="image/png")
    except KeyError:
        raise HTTPException(404, _GONE) from None
    except Refused as error:  # it came so; of our own objects that would be our fault
        raise HTTPException(422, str(error)) from error
