"""The page that says how the service does, and the same as JSON."""

from typing import Annotated

from fastapi import APIRouter
from fastapi.responses import HTMLResponse

from service.access.person import Person
from service.access.roles import Permission
from service.config import Settings
from service.storage.ledger.ledger import Ledger
from service.storage.store.port import InstanceStore
from service.worklist.access.gate import Gate
from service.worklist.operations.board import Board, read_board
from service.worklist.rendering import render_page


def operations_router(ledger: Ledger, store: InstanceStore, gate: Gate, settings: Settings) -> APIRouter:
    """For those who look after the service. Nothing in it is of a patient."""
    router = APIRouter()
    research = settings.report.is_research

    @router.get("/operations", response_class=HTMLResponse, include_in_schema=False)
    def page(person: Annotated[Person, gate.needs(Permission.OPERATIONS)]) -> HTMLResponse:
        board = read_board(ledger, store, settings)
        return render_page("operations.html", person.language, board=board, research=research, person=person)

    @router.get("/api/v1/operations", dependencies=[gate.needs(Permission.OPERATIONS)])
    def board() -> Board:
        """What waits, what is in hand, how long things took, and whether classifiers drift."""
        return read_board(ledger, store, settings)

    return router
