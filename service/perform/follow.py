"""Following a study on its way for a workitem, and ending the workitem with what came of it."""

from service.errors import NotInThisState
from service.perform.attributes import INCOMPLETE_INPUT, NOT_FOR_US, UNSPECIFIED, completed
from service.perform.bring import send_on
from service.perform.desk import Desk
from service.perform.outputs import outputs_of
from service.perform.verdict import Next, Verdict, judge
from service.study.model import Study
from service.study.state import StudyState
from service.study.workitem import HeldWorkitem, WorkitemState

_CODES = {
    StudyState.NOT_ANALYSED: NOT_FOR_US,
    StudyState.DELIVERED: NOT_FOR_US,  # for another classifier
    StudyState.PARKED: INCOMPLETE_INPUT,
}
MOST_TRIES = 3
"""How often a study is sent its way for one workitem."""


def follow(desk: Desk, held: HeldWorkitem) -> None:
    """Tell how far the study is; end the workitem when the study has come to rest."""
    uid = held.study_instance_uid
    with desk.ledger.read() as tx:
        study = tx.studies.find(uid)
        analyses = tx.analyses.of_study(uid, study.revision) if study else ()
    if study is None:  # it was removed here meanwhile
        desk.change(held, state=WorkitemState.FETCHING)
        return
    verdict = judge(study, analyses, held.classifiers, held.destinations, begins=False)
    if verdict.next is Next.WAIT:
        if desk.tell(held, verdict.percent, verdict.text):
            desk.change(held, after_s=desk.settings.poll_interval_s)
    elif verdict.next is Next.SEND_ON:
        _send_on(desk, held, study, verdict)
    elif verdict.next is Next.COMPLETE:
        _complete(desk, held, study.revision, verdict)
    else:
        desk.cancel(held, verdict.text, _CODES.get(study.state, UNSPECIFIED))


def _send_on(desk: Desk, held: HeldWorkitem, judged: Study, verdict: Verdict) -> None:
    if held.tries >= MOST_TRIES:
        desk.cancel(held, f"the study comes to rest without it: {verdict.text}", UNSPECIFIED)
        return
    try:
        with desk.ledger.begin() as tx:
            study = tx.studies.lock(held.study_instance_uid)
            if (study.state, study.revision) == (judged.state, judged.revision):
                send_on(tx, held)
            tx.workitems.change(held.uid, due_at=desk.clock())
    except NotInThisState as error:  # it has no images here any more
        desk.cancel(held, str(error), UNSPECIFIED)


def _complete(desk: Desk, held: HeldWorkitem, revision: int, verdict: Verdict) -> None:
    uid = held.study_instance_uid
    with desk.ledger.read() as tx:
        objects = tx.deliveries.objects_of(uid, revision)
        deliveries = tx.deliveries.of_study(uid, revision)
    outputs = outputs_of(objects, deliveries, held.classifiers, desk.places)
    if not outputs:
        desk.cancel(held, "its results are at no PACS that could be named as their place", UNSPECIFIED)
        return
    now = desk.clock()
    began_at = held.claimed_at or now
    changes = completed(verdict.text, held.workitem.code, desk.station, began_at, now, outputs)
    count = sum(len(one.instances) for one in outputs)
    reason = f"{count} result objects at {', '.join(held.destinations)}; {verdict.text}"
    desk.end(held, changes, WorkitemState.COMPLETED, reason)
