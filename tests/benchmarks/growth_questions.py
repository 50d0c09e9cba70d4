"""What a service does with its ledger all day. Each is given a history and a share, 0 to 1, of its length."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any

from service.access.person import somebody
from service.config import Settings
from service.storage.ledger.ledger import Transaction
from service.storage.ledger.questions.changed import changed_since
from service.storage.ledger.questions.figures import figures
from service.storage.ledger.questions.overdue import find_overdue
from service.storage.ledger.questions.result_objects import ResultFilter, ResultObjects
from service.storage.retention.images import ImageRetention
from service.storage.retention.studies import StudyRetention
from service.storage.store.memory import MemoryStore
from service.study.model import Priority, Study
from service.study.state import StudyState
from service.worklist.listing import Listing
from service.worklist.operations.board import read_board
from service.worklist.reading import read_named, read_page, read_study
from tests.benchmarks.growth_fill import BETWEEN_S, History
from tests.benchmarks.growth_work import deliver_a_study, lease_work, new_study, receive_images

Question = Callable[[History, float], object]
_ALARM = timedelta(hours=4)


def _of(history: History, share: float) -> Study:
    with history.ledger.read() as tx:
        (study,) = tx.studies.named([history.uid(history.full(share))])
    return study


def _list(listing: Listing, history: History, share: float) -> object:
    return read_page(history.ledger, listing, research=True, person=somebody(""))


def _find(asked: Callable[[Study], dict[str, Any]], history: History, share: float) -> object:
    return _list(Listing(**asked(_of(history, share))), history, share)


def _page(**asked: Any) -> Question:
    return partial(_list, Listing(**asked))


def _read(ask: Callable[[Transaction, History], object], history: History, share: float) -> object:
    with history.ledger.read() as tx:
        return ask(tx, history)


def _results(asked: Callable[[Study], ResultFilter], history: History, share: float) -> object:
    wanted = asked(_of(history, share))
    with history.ledger.read() as tx:
        return ResultObjects(tx.connection).studies(wanted, 101, 0)


def _badges(history: History, share: float) -> object:
    study = _of(history, share)
    with history.ledger.read() as tx:
        named = tx.search.with_accession_numbers([study.header.accession_number])
    return read_named(history.ledger, named, research=True)


def _images_due(history: History, share: float) -> object:
    return ImageRetention(history.ledger, MemoryStore(), 31).due()


def _studies_due(history: History, share: float) -> object:
    days = int(history.count * BETWEEN_S / 86_400) + 1
    return StudyRetention(history.ledger, MemoryStore(), days).due()


def _board(history: History, share: float) -> object:
    return read_board(history.ledger, MemoryStore(), Settings())


def _on_day(study: Study) -> dict[str, Any]:
    day = study.received_at.date()
    return {"received_from": day, "received_until": day}


def _after(study: Study) -> dict[str, Any]:
    return {"before": f"{study.received_at.isoformat()}~{study.study_instance_uid}"}


def _surname(study: Study) -> str:
    return study.header.patient_name.partition("^")[0]


WRITING: dict[str, Question] = {
    "receive an image of a new study": lambda history, _: receive_images(history.ledger, new_study(), 1),
    "a study's whole way, 13 transactions": lambda history, _: deliver_a_study(history.ledger),
    "lease work and give it back": lambda history, _: lease_work(history.ledger),
}

READING: dict[str, Question] = {
    "worklist: first page": _page(),
    "worklist: a page at any place": partial(_find, _after),
    "worklist: failed": _page(state="failed"),
    "worklist: needs a person": _page(state="attention"),
    "worklist: parked mammography": _page(state="parked", modality="MG"),
    "worklist: urgent": _page(priority=Priority.URGENT),
    "worklist: urgent and failed": _page(priority=Priority.URGENT, state="failed"),
    "worklist: category 5": _page(category="5"),
    "worklist: category 5 of what was not analysed, which is none": _page(
        category="5", state=StudyState.NOT_ANALYSED
    ),
    "worklist: one day": partial(_find, _on_day),
    "search: a patient's whole name": partial(
        _find, lambda study: {"q": study.header.patient_name.replace("^", " ")}
    ),
    "search: one letter": _page(q="m"),
    "search: the beginning of the oldest accession numbers": _page(q="a00000"),
    "search: an accession number": partial(_find, lambda study: {"q": study.header.accession_number}),
    "search: a Patient ID": partial(_find, lambda study: {"q": study.header.patient_id}),
    "search: nobody": _page(q="nobody"),
    "a study's page": lambda history, share: read_study(
        history.ledger, history.uid(history.full(share)), True
    ),
    "badge by accession number": _badges,
    "what has changed": partial(
        _read, lambda tx, _: changed_since(tx.connection, datetime.now(UTC) - timedelta(seconds=15))
    ),
    "QIDO-RS: all": partial(_results, lambda _: ResultFilter()),
    "QIDO-RS: Study Instance UID": partial(
        _results, lambda study: ResultFilter(study_instance_uids=(study.study_instance_uid,))
    ),
    "QIDO-RS: Patient ID": partial(_results, lambda study: ResultFilter(patient_id=study.header.patient_id)),
    "QIDO-RS: Patient's Name": partial(
        _results, lambda study: ResultFilter(patient_name=study.header.patient_name)
    ),
    "QIDO-RS: the beginning of a name": partial(
        _results, lambda study: ResultFilter(patient_name=f"{_surname(study)}^*")
    ),
    "QIDO-RS: the end of a name": partial(
        _results, lambda study: ResultFilter(patient_name=f"*{study.header.patient_name[3:]}")
    ),
    "QIDO-RS: one Study Date": partial(
        _results,
        lambda study: ResultFilter(
            study_date_from=study.header.study_date, study_date_until=study.header.study_date
        ),
    ),
    "QIDO-RS: up to a Study Date": partial(
        _results, lambda study: ResultFilter(study_date_until=study.header.study_date)
    ),
    "metrics": partial(_read, lambda tx, _: figures(tx, ["US1"], ["pacs"])),
    "operations page, with drift": _board,
    "overdue studies": partial(_read, lambda tx, history: find_overdue(tx, history.newest - _ALARM)),
    "what is being received": partial(_read, lambda tx, _: tx.receiving.waiting()),
    "what is assembled": partial(_read, lambda tx, _: tx.studies.in_state(StudyState.ASSEMBLED)),
    "commitments to report": partial(
        _read, lambda tx, history: tx.commitments.unanswered(history.newest - timedelta(days=1))
    ),
    "retention: images that are due": _images_due,
    "retention: studies that are due": _studies_due,
    "audit trail of one person": partial(_read, lambda tx, _: tx.audit.newest(20, who="left")),
}
