"""Do one step with every study of a list, so that one that fails never holds up the others."""

import traceback
from collections.abc import Callable, Sequence

import structlog

from service.errors import Retryable
from service.storage.ledger.ledger import Ledger
from service.study.model import Study
from service.study.state import StudyEvent

log = structlog.get_logger()


def each_study(ledger: Ledger, studies: Sequence[Study], step: Callable[[Study], bool]) -> int:
    """How many studies `step` was true of.

    A Retryable error leaves a study for the next turn. Any other one fails it, with the reason: a study that
    nobody gets any further must not look as if it were waiting.
    """
    return sum(_tried(ledger, study, step) for study in studies)


def _tried(ledger: Ledger, study: Study, step: Callable[[Study], bool]) -> bool:
    try:
        return step(study)
    except Retryable as error:
        log.warning(
            "study waits for the next turn",
            study_instance_uid=study.study_instance_uid,
            error=type(error).__name__,
        )
    except Exception as error:  # the edge of this loop
        where = traceback.extract_tb(error.__traceback__)[-1]
        log.error(
            "study failed",
            study_instance_uid=study.study_instance_uid,
            error=type(error).__name__,
            file=where.filename,
            line=where.lineno,
        )
        _give_up(ledger, study, error)
    return False


def _give_up(ledger: Ledger, study: Study, error: Exception) -> None:
    with ledger.begin() as tx:
        now = tx.studies.lock(study.study_instance_uid)
        if (now.state, now.revision) == (study.state, study.revision):
            tx.studies.move(
                study.study_instance_uid,
                StudyEvent.GAVE_UP,
                f"an unforeseen error ({type(error).__name__}) stopped it; the log says where",
            )
