"""Search for result objects (QIDO-RS, PS3.18 section 10.6)."""

from collections.abc import Sequence

from fastapi import APIRouter, Request, Response
from fastapi.responses import JSONResponse

from service.access.records import Action
from service.access.roles import Permission
from service.storage.ledger.ledger import Ledger
from service.storage.ledger.questions.result_objects import ResultFilter, ResultObjects
from service.storage.store.port import InstanceStore
from service.worklist.access.gate import Gate
from service.worklist.dicomweb.asked import Search, search_asked
from service.worklist.dicomweb.described import SEARCHED, parameters_of
from service.worklist.dicomweb.dicom_json import MEDIA_TYPE, as_json
from service.worklist.dicomweb.kept import Kept
from service.worklist.dicomweb.levels import INSTANCES, SERIES, STUDIES
from service.worklist.dicomweb.negotiate import chosen
from service.worklist.dicomweb.results import Found, Results

_NO_FUZZY = "The fuzzymatching parameter is not supported. Only literal matching has been performed."
_MORE = "There are additional results that can be requested"
_NOT_ALL = (
    "Only the last {} studies were looked through. Give a key that fewer studies match to find older ones"
)
_STUDY = "/dicom-web/studies/{study_instance_uid}"


def search_router(ledger: Ledger, store: InstanceStore, gate: Gate) -> APIRouter:
    """For those who may see patients."""
    router = APIRouter(default_response_class=Response)
    kept, results = Kept(ledger, gate.settings.public_url), Results(store)
    lists = gate.needs(Permission.PATIENTS, Action.LISTED)
    views = gate.needs(Permission.PATIENTS, Action.VIEWED)

    @router.get(
        "/dicom-web/studies", dependencies=[lists], responses=SEARCHED, openapi_extra=parameters_of(STUDIES)
    )
    def studies(request: Request) -> Response:
        """Studies that have result objects, what was received last first; with a StudyDate, the last day
        first. A warning says so where only the last studies were looked through.
        """
        search, url = search_asked(STUDIES, request.query_params.multi_items()), kept.url(request)
        with ledger.read() as tx:
            of_results = ResultObjects(tx.connection)
            found = of_results.studies(_filter(search), search.limit + 1, search.offset)
            uids = found.study_instance_uids[: search.limit]
            named = {study.study_instance_uid: study for study in tx.studies.named(uids)}
            objects = of_results.of_studies(uids)
        entries = [results.study(named[uid], objects[uid], search, f"{url}/studies") for uid in uids]
        more = len(found.study_instance_uids) > search.limit
        warnings = [_NOT_ALL.format(found.looked_through)] if found.looked_through else []
        return _answer(request, search, entries, url, more=more, warnings=warnings)

    @router.get(
        f"{_STUDY}/series", dependencies=[views], responses=SEARCHED, openapi_extra=parameters_of(SERIES)
    )
    def series(study_instance_uid: str, request: Request) -> Response:
        """Series of result objects in a study."""
        search, url = search_asked(SERIES, request.query_params.multi_items()), kept.url(request)
        objects = kept.of_study(study_instance_uid)
        return _part(request, search, list(results.series(objects, search, f"{url}/studies")), url)

    @router.get(
        f"{_STUDY}/instances",
        dependencies=[views],
        responses=SEARCHED,
        openapi_extra=parameters_of(INSTANCES),
    )
    def instances(study_instance_uid: str, request: Request) -> Response:
        """Result objects in a study."""
        search, url = search_asked(INSTANCES, request.query_params.multi_items()), kept.url(request)
        objects = kept.of_study(study_instance_uid)
        return _part(request, search, list(results.instances(objects, search, f"{url}/studies")), url)

    @router.get(
        f"{_STUDY}/series/{{series_instance_uid}}/instances",
        dependencies=[views],
        responses=SEARCHED,
        openapi_extra=parameters_of(INSTANCES),
    )
    def instances_of_series(study_instance_uid: str, series_instance_uid: str, request: Request) -> Response:
        """Result objects in a series."""
        search, url = search_asked(INSTANCES, request.query_params.multi_items()), kept.url(request)
        objects = kept.of_series(study_instance_uid, series_instance_uid)
        return _part(request, search, list(results.instances(objects, search, f"{url}/studies")), url)

    return router


def _filter(search: Search) -> ResultFilter:
    first, is_range, last = search.key("StudyDate").partition("-")
    return ResultFilter(
        study_instance_uids=search.keys.get("StudyInstanceUID", ()),
        patient_id=search.key("PatientID"),
        patient_name=search.key("PatientName"),
        accession_number=search.key("AccessionNumber"),
        study_date_from=first,
        study_date_until=last if is_range else first,
    )


def _part(request: Request, search: Search, found: Sequence[Found], url: str) -> Response:
    end = search.offset + search.limit
    return _answer(request, search, found[search.offset : end], url, more=len(found) > end)


def _answer(
    request: Request,
    search: Search,
    found: Sequence[Found],
    url: str,
    *,
    more: bool,
    warnings: Sequence[str] = (),
) -> Response:
    """204 where nothing matches (PS3.18 section 8.3.4.4.1)."""
    chosen(request, (MEDIA_TYPE, "application/json"))
    warnings = [*warnings, *([_NO_FUZZY] if search.fuzzy else []), *([_MORE] if more else [])]
    headers = {"Warning": ", ".join(f"299 {url}: {text}" for text in warnings)} if warnings else {}
    if not found:
        return Response(status_code=204, headers=headers)
    return JSONResponse([as_json(one) for one in found], 200, headers, MEDIA_TYPE)
