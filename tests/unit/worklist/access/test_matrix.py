"""Every route for every role: what this table does not name may not be there."""

from collections.abc import Callable, Iterable, Iterator
from typing import Any

import pytest
from fastapi import FastAPI
from fastapi.routing import APIRoute
from starlette.routing import Mount, Route

from service.access.roles import Permission, Role
from service.config import Settings, WorklistSettings
from service.storage.ledger.ledger import Ledger
from service.storage.store.memory import MemoryStore
from service.worklist.app import create_app
from service.worklist.own_page import HEADER
from tests.unit.worklist import reading_room
from tests.unit.worklist.access.people import OURS, signed_in, token
from tests.unit.worklist.builders import Seed
from tests.unit.worklist.clients import TestClient, from_elsewhere

PUBLIC = {
    ("GET", "/sign-in"),
    ("POST", "/sign-in"),
    ("POST", "/sign-out"),
    ("GET", "/healthz"),
    ("GET", "/embed/overlay.js"),
    ("GET", "/embed/openapi.json"),
    ("GET", "/api/v1/openapi.json"),
}
RESULTS = "/dicom-web/studies/{study_instance_uid}"
RESULT = f"{RESULTS}/series/{{series_instance_uid}}/instances/{{sop_instance_uid}}"
NEEDS = {
    ("GET", "/"): Permission.STUDIES,
    ("GET", "/rows"): Permission.STUDIES,
    ("GET", "/studies/{study_instance_uid}"): Permission.STUDIES,
    ("GET", "/api/v1/studies"): Permission.STUDIES,
    ("GET", "/api/v1/studies/{study_instance_uid}"): Permission.STUDIES,
    ("GET", "/api/v1/studies/{study_instance_uid}/log"): Permission.STUDIES,
    ("GET", "/api/v1/studies/{study_instance_uid}/log.txt"): Permission.STUDIES,
    ("GET", "/api/v1/studies/{study_instance_uid}/heatmaps/{sop_instance_uid}.png"): Permission.PATIENTS,
    ("GET", "/studies/{study_instance_uid}/images/{sop_instance_uid}"): Permission.PATIENTS,
    ("GET", "/api/v1/studies/{study_instance_uid}/images/{sop_instance_uid}.png"): Permission.PATIENTS,
    ("GET", "/api/v1/studies/{study_instance_uid}/images/{sop_instance_uid}/heat.png"): Permission.PATIENTS,
    ("GET", "/api/v1/events"): Permission.STUDIES,
    ("POST", "/api/v1/studies/{study_instance_uid}/urgent"): Permission.ACT,
    ("POST", "/api/v1/studies/{study_instance_uid}/retry"): Permission.ACT,
    ("POST", "/api/v1/studies/{study_instance_uid}/send-again"): Permission.ACT,
    ("GET", "/api/v1/studies/{study_instance_uid}/objects/{sop_instance_uid}.dcm"): Permission.PATIENTS,
    ("POST", "/api/v1/studies/{study_instance_uid}/assessments"): Permission.ASSESS,
    ("POST", "/embed/lookup"): Permission.BADGES,
    ("GET", "/operations"): Permission.OPERATIONS,
    ("GET", "/api/v1/operations"): Permission.OPERATIONS,
    ("GET", "/dicom-web/studies"): Permission.PATIENTS,
    ("GET", f"{RESULTS}/series"): Permission.PATIENTS,
    ("GET", f"{RESULTS}/instances"): Permission.PATIENTS,
    ("GET", f"{RESULTS}/series/{{series_instance_uid}}/instances"): Permission.PATIENTS,
    ("GET", RESULT): Permission.PATIENTS,
    ("GET", f"{RESULT}/rendered"): Permission.PATIENTS,
    ("GET", f"{RESULT}/thumbnail"): Permission.PATIENTS,
}
MAY = {
    Role.RADIOLOGIST: set(Permission) - {Permission.OPERATIONS},
    Role.ADMINISTRATOR: set(Permission) - {Permission.ASSESS},
    Role.SERVICE: {Permission.STUDIES, Permission.ACT, Permission.OPERATIONS},
}
ENDLESS = "/api/v1/events"
"""A stream: it is asked for only by those who may not have it."""
Asking = tuple[str, str]


@pytest.fixture
def app(ledger: Ledger, store: MemoryStore) -> FastAPI:
    return create_app(ledger, store, Settings(worklist=WorklistSettings(bind="0.0.0.0")))


@pytest.fixture
def ask(seed: Seed) -> Callable[[TestClient, Asking, dict[str, str]], int]:
    reading_room.queued(seed)

    def ask(client: TestClient, asking: Asking, headers: dict[str, str]) -> int:
        method, path = asking
        path = path.format(study_instance_uid=seed.uid, series_instance_uid="1.2", sop_instance_uid="1.2.3")
        body: dict[str, Any] = {"json": {}} if method == "POST" else {}
        return int(client.request(method, path, headers=headers, **body).status_code)

    return ask


def walked(of: Iterable[Any], prefix: str = "") -> Iterator[tuple[str, Any]]:
    """Every route below, with its path; those of files and of an included router's own are no routes."""
    for route in of:
        if included := getattr(route, "original_router", None):
            yield from walked(included.routes, prefix)
        elif isinstance(route, Mount):
            yield from walked(route.routes or (), prefix + route.path)
        elif isinstance(route, Route | APIRoute):
            yield prefix + route.path, route


def test_every_route_is_in_the_table(app: FastAPI) -> None:
    found = {(method, path) for path, route in walked(app.routes) for method in route.methods - {"HEAD"}}
    assert found == PUBLIC | NEEDS.keys()


def test_every_route_says_itself_what_it_needs(app: FastAPI) -> None:
    for path, route in walked(app.routes):
        if isinstance(route, APIRoute):
            needed = [getattr(one.call, "permission", None) for one in route.dependant.dependencies]
            for method in route.methods or ():
                wanted = NEEDS.get((method, path))
                assert [one for one in needed if one] == ([wanted] if wanted else [])


@pytest.mark.parametrize("asking", NEEDS, ids=" ".join)
def test_who_has_not_signed_in_gets_nothing(
    app: FastAPI, ask: Callable[[TestClient, Asking, dict[str, str]], int], asking: Asking
) -> None:
    is_page = asking[0] == "GET" and not asking[1].startswith(("/api/", "/dicom-web/", "/rows"))
    assert ask(from_elsewhere(app), asking, OURS | {HEADER: "1"}) == (303 if is_page else 401)
    wrong = {"Authorization": "Bearer preread_made-up"}
    assert ask(from_elsewhere(app), asking, wrong) == (303 if is_page else 401)


@pytest.mark.parametrize("role", Role)
def test_every_role_gets_what_it_may_have(
    app: FastAPI, ledger: Ledger, ask: Callable[[TestClient, Asking, dict[str, str]], int], role: Role
) -> None:
    client = signed_in(app, ledger, role)
    for asking, permission in NEEDS.items():
        may = permission in MAY[role]
        if may and asking[1] == ENDLESS:
            continue
        status = ask(client, asking, OURS | {HEADER: "1"})
        assert (status != 403) is may, (asking, status)
        assert status < 500
        assert status not in {303, 401}


@pytest.mark.parametrize("scope", Permission)
def test_a_token_opens_what_its_scope_says(
    app: FastAPI, ledger: Ledger, ask: Callable[[TestClient, Asking, dict[str, str]], int], scope: Permission
) -> None:
    """Without headers of a page: no browser sends a token by itself."""
    headers = token(ledger, scope)
    for asking, permission in NEEDS.items():
        if permission is scope and asking[1] == ENDLESS:
            continue
        status = ask(from_elsewhere(app), asking, headers)
        assert (status != 403) is (permission is scope), (asking, status)
        assert status not in {303, 401}


def test_a_token_that_ran_out_opens_nothing(
    app: FastAPI, ledger: Ledger, ask: Callable[[TestClient, Asking, dict[str, str]], int]
) -> None:
    assert (
        ask(from_elsewhere(app), ("GET", "/api/v1/studies"), token(ledger, Permission.STUDIES, days=0)) == 401
    )
    headers = token(ledger, Permission.STUDIES)
    assert ask(from_elsewhere(app), ("GET", "/api/v1/studies"), headers) == 200


@pytest.mark.parametrize("path", sorted(PUBLIC), ids=" ".join)
def test_what_is_public_tells_nothing_of_patients(app: FastAPI, seed: Seed, path: Asking) -> None:
    reading_room.positive(seed)
    answer = from_elsewhere(app).request(*path, headers=OURS).text
    for secret in ("Okafor", "MRN2040", seed.uid):
        assert secret not in answer
