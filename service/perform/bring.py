"""Having the input of a workitem here, and sending its study on its way."""

from service.errors import NotInThisState
from service.perform.attributes import INCOMPLETE_INPUT, UNSPECIFIED
from service.perform.desk import CLAIMED, Desk
from service.perform.port import Inputs
from service.perform.verdict import Next, judge
from service.storage.ledger.ledger import Transaction
from service.storage.ledger.steps.retry_study import retry_study
from service.study.model import Priority
from service.study.workitem import HeldWorkitem, WorkitemState

AGAIN_AFTER_S = 30.0
"""Between two attempts to fetch what did not come."""
ENTERED_AFTER_S = 1.0
"""After the first: what has come is in the journal, and in the ledger a moment later."""


def bring(desk: Desk, held: HeldWorkitem, inputs: Inputs) -> None:
    """Fetch what is not here; once it is, let the study be analysed."""
    if not held.told and not desk.tell(held, 5, "fetching the input"):
        return
    what = held.workitem.input
    missing, problem = _missing(desk, held), ""
    if missing or not what.sop_instance_uids:
        problem = inputs.fetch(what, desk.holding(held))
        missing = _missing(desk, held)
    if not missing and not (problem and not what.sop_instance_uids):
        _begin(desk, held)
        return
    said = problem or f"{missing} of {len(what.sop_instance_uids)} instances have not come"
    now = desk.clock()
    if (now - (held.claimed_at or now)).total_seconds() >= desk.settings.input_timeout_s:
        desk.cancel(held, f"its input cannot be had: {said}", INCOMPLETE_INPUT)
    elif desk.tell(held, 5, f"its input is not here yet: {said}"):
        desk.change(held, after_s=AGAIN_AFTER_S if held.told else ENTERED_AFTER_S)


def _missing(desk: Desk, held: HeldWorkitem) -> int:
    """How many of the instances that the workitem lists are not here; 1 where nothing of its study is."""
    what = held.workitem.input
    with desk.ledger.read() as tx:
        here = {one.sop_instance_uid for one in tx.instances.of_study(what.study_instance_uid)}
    return len({*what.sop_instance_uids} - here) if what.sop_instance_uids else int(not here)


def _begin(desk: Desk, held: HeldWorkitem) -> None:
    uid = held.study_instance_uid
    try:
        with desk.ledger.begin() as tx:
            study = tx.studies.lock(uid)
            if held.workitem.priority is Priority.URGENT:
                tx.studies.set_priority(uid, Priority.URGENT)
            note = f"workitem {held.uid} of {held.manager} asks for {', '.join(held.classifiers)}"
            tx.studies.note(uid, CLAIMED, note)
            analyses = tx.analyses.of_study(uid, study.revision)
            verdict = judge(study, analyses, held.classifiers, held.destinations, begins=True)
            if verdict.next is Next.SEND_ON:
                send_on(tx, held)
            tx.workitems.change(held.uid, state=WorkitemState.WORKING, due_at=desk.clock())
    except NotInThisState as error:
        desk.cancel(held, str(error), UNSPECIFIED)


def send_on(tx: Transaction, held: HeldWorkitem) -> None:
    """Route the study anew, now for this workitem too. Raises NotInThisState."""
    retry_study(tx, held.study_instance_uid, f"asked for by workitem {held.uid} of {held.manager}")
    tx.workitems.change(held.uid, tries=held.tries + 1)
