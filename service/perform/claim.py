"""Making a workitem ours, and finding out whether it is."""

from service.errors import NotOurs, PeerRefused
from service.perform.attributes import MALFORMED_INPUT, progress
from service.perform.desk import CLAIMED, Desk
from service.perform.port import IN_PROGRESS, SCHEDULED
from service.study.workitem import HeldWorkitem, WorkitemState


def claim(desk: Desk, held: HeldWorkitem) -> None:
    """Claim it, or see that an earlier claim came through; then learn what its input is."""
    try:
        desk.manager.claim(held.uid, held.transaction_uid)
    except NotOurs as refused:
        if not _is_ours(desk, held, refused):
            desk.settle(held, WorkitemState.LOST, "another performer has it, or it has ended")
            return
    found = desk.manager.find(held.uid)
    if found is None:
        desk.settle(held, WorkitemState.LOST, "it is gone there")
        return
    now = desk.clock()
    with desk.ledger.begin() as tx:
        tx.workitems.change(
            held.uid,
            state=WorkitemState.FETCHING,
            workitem=found.to_json(),
            study_instance_uid=found.input.study_instance_uid,
            claimed_at=now,
            due_at=now,
            reason=found.fault or "claimed; its input is to be fetched",
        )
        note = f"workitem {held.uid} of {held.manager} asks for {', '.join(held.classifiers)}"
        tx.studies.note(found.input.study_instance_uid, CLAIMED, note)
        claimed = tx.workitems.find(held.uid)
    if found.fault and claimed is not None:
        desk.cancel(claimed, found.fault, MALFORMED_INPUT)


def _is_ours(desk: Desk, held: HeldWorkitem, refused: NotOurs) -> bool:
    """A claim that is repeated is refused like one that comes too late: only who may change it knows."""
    found = desk.manager.find(held.uid)
    if found is not None and found.state == SCHEDULED:
        raise PeerRefused(f"{held.manager} does not let a scheduled workitem be claimed: {refused}")
    if found is None or found.state != IN_PROGRESS:
        return False
    try:
        desk.manager.update(held.uid, held.transaction_uid, progress(0, "claimed"))
    except NotOurs:
        return False
    return True
