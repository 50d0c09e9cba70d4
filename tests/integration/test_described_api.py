"""The API against its own descriptions: whatever they allow to be asked, the answer is one that they name."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from io import BytesIO
from typing import Any

import httpx
import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from PIL import Image
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from service.access.roles import Permission
from service.storage.ledger.ledger import Ledger
from service.storage.store.memory import MemoryStore
from service.worklist.own_page import HEADER
from tests.fakes.datasets import part10, us_dataset
from tests.integration.room import Room, served
from tests.unit.worklist import reading_room
from tests.unit.worklist.access.people import token
from tests.unit.worklist.builders import Seed

EXAMPLES = 15
"""Of each operation: the whole takes well under a minute."""
CHECKS = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
]
ENDLESS = "/api/v1/events"
"""A stream; test_live.py and the client's tests listen to it."""
DESCRIPTIONS = ("/api/v1/openapi.json", "/embed/openapi.json")


@dataclass(frozen=True)
class Thing:
    """Something that is there, as paths, queries and bodies name it."""

    path: dict[str, str]
    query: dict[str, str]
    body: dict[str, Any]

    def named(self, operation: Any) -> dict[str, str]:
        return {name: value for name, value in self.path.items() if f"{{{name}}}" in operation.path}


@pytest.fixture(scope="module")
def room(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Room]:
    folder = tmp_path_factory.mktemp("room")
    ledger, store = Ledger(f"sqlite:///{folder}/ledger.sqlite3"), MemoryStore()
    ledger.upgrade()
    studies = reading_room.fill(ledger, store)
    for seed in studies.values():
        show(seed)
    with served(ledger, store, requests_per_min=1_000_000) as url:
        yield Room(url, ledger, store, studies)
    ledger.close()


def show(seed: Seed) -> None:
    """Let the store hold the study's first image, and the heat of its scores."""
    with seed.ledger.read() as tx:
        found = tx.instances.find(seed.image_uid(1))
    assert found is not None
    seed.store.put(found.key, part10(us_dataset()))
    buffer = BytesIO()
    Image.new("L", (640, 480), 90).save(buffer, format="PNG")
    seed.store.put("analyses/secret.npz", buffer.getvalue())


@pytest.fixture(scope="module")
def headers(room: Room) -> dict[str, str]:
    return token(room.ledger, *Permission) | {HEADER: "1"}


def known(room: Room) -> list[Thing]:
    """In states that allow one action or another; with results, images, both or neither."""
    return [
        Thing(
            {
                "study_instance_uid": uid,
                "series_instance_uid": f"{uid}.9",
                "sop_instance_uid": f"{uid}.{sop}",
            },
            {"classifier": "us-mass"},
            {"classifier": "us-mass", "revision": 1, "verdict": "accepted", "assessed_by": "Anna Berg"},
        )
        for uid in (room.studies[name].uid for name in ("failed", "negative", "receiving"))
        for sop in ("9.1.1", "1.1")
    ]


@pytest.mark.parametrize("description", DESCRIPTIONS)
def test_every_answer_is_one_that_the_description_names(
    room: Room, headers: dict[str, str], description: str
) -> None:
    schema = schemathesis.openapi.from_url(f"{room.url}{description}")
    base_url = room.url + ("/embed" if description.startswith("/embed") else "")
    tried = 0
    # The last first: a result that is to be sent again must not have been begun anew before.
    for found in reversed(list(schema.get_all_operations())):
        operation = found.ok()
        if operation.path == ENDLESS:
            continue
        statuses = ask(operation, known(room), base_url, headers)
        assert any(status < 400 for status in statuses), (
            f"nothing of {operation.label} was reached: {statuses}"
        )
        tried += 1
    assert tried >= 1


def ask(operation: Any, things: Sequence[Thing], base_url: str, headers: dict[str, str]) -> set[int]:
    """For what is there, simply and in every way, and for what is not. Every status that came back."""
    statuses: set[int] = set()

    def check(case: Any) -> None:
        response = case.call(base_url=base_url, headers=headers, timeout=30)
        statuses.add(response.status_code)
        case.validate_response(response, checks=CHECKS)

    @settings(
        max_examples=EXAMPLES,
        deadline=None,
        derandomize=True,
        database=None,
        phases=(Phase.explicit, Phase.generate),
        suppress_health_check=list(HealthCheck),
    )
    @given(operation.as_strategy(), st.one_of(st.none(), st.sampled_from(things)))
    def ask_all_kinds_of_things(case: Any, thing: Thing | None) -> None:
        if thing is not None:
            case.path_parameters = thing.named(operation)
        check(case)

    queries = {one.name for one in operation.query}
    for thing in things:
        query = {name: value for name, value in thing.query.items() if name in queries}
        body = {"body": thing.body, "media_type": "application/json"} if operation.body else {}
        check(operation.Case(path_parameters=thing.named(operation), query=query, **body))
    ask_all_kinds_of_things()
    return statuses


def test_descriptions_name_the_token_and_every_refusal(room: Room) -> None:
    for path in DESCRIPTIONS:
        described = httpx.get(f"{room.url}{path}").json()
        assert described["components"]["securitySchemes"]["HTTPBearer"]["scheme"] == "bearer"
        for operations in described["paths"].values():
            for operation in operations.values():
                if "security" in operation:
                    assert {"401", "403", "429", "503"} <= operation["responses"].keys()
