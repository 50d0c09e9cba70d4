"""Which of two contents under one SOP Instance UID is entered, and what the study says of the other one."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from service.storage.ledger.ledger import Transaction
from service.storage.store.quarantine_key import quarantine_id, short_id
from service.study.model import ReceivedInstance

QUARANTINED = "image_quarantined"
REPLACED = "image_replaced"
"""Events of a study's history that move no state."""


@dataclass(frozen=True, slots=True)
class Displaced:
    """An instance that is not, or no longer, the one entered under its UID. `reason` says why."""

    instance: ReceivedInstance
    entered: ReceivedInstance
    reason: str

    @property
    def is_replaced(self) -> bool:
        """Whether it was entered until the other one came."""
        return self.entered.received_at > self.instance.received_at


def resolve(
    tx: Transaction, instances: Sequence[ReceivedInstance], now: datetime, *, replace: bool
) -> list[Displaced]:
    """Settle the conflicts of instances that were just added; their studies are locked.

    Going by the time of arrival, it comes to the same when all is done again, in whatever order. An instance
    of another study is no new version of the one that is entered: it never replaces it.
    """
    in_conflict = {instance.sop_instance_uid for instance in tx.instances.conflicting(instances)}
    losers: dict[str, ReceivedInstance] = {}
    for instance in instances:
        if instance.sop_instance_uid in in_conflict:
            losers |= _settle(tx, instance, now, replace=replace)
    return [one for loser in losers.values() if (one := _displaced(tx, loser)) is not None]


def _settle(
    tx: Transaction, instance: ReceivedInstance, now: datetime, *, replace: bool
) -> dict[str, ReceivedInstance]:
    """Have the right one of two entered. Returns the other one by its key."""
    entered = tx.instances.find(instance.sop_instance_uid)
    if entered is None or entered.key == instance.key:
        return {}
    of_one_study = entered.study_instance_uid == instance.study_instance_uid
    if replace and of_one_study and instance.received_at > entered.received_at:
        tx.instances.replace(instance)
        tx.studies.instances_received(instance.study_instance_uid, 0, now)
        return {entered.key: entered}
    return {instance.key: instance}


def _displaced(tx: Transaction, loser: ReceivedInstance) -> Displaced | None:
    """What has become of `loser`, told to the study; None where it has won in the end."""
    entered = tx.instances.find(loser.sop_instance_uid)
    if entered is None or entered.key == loser.key:
        return None
    one = Displaced(loser, entered, _reason(loser, entered))
    show = f"preread quarantine show {short_id(quarantine_id(loser.sop_instance_uid, loser.digest))}"
    if one.is_replaced:
        event, note = REPLACED, f"1 image was replaced by other content under its UID; the old one: {show}"
    else:
        event, note = QUARANTINED, f"1 image was quarantined: other content under a known UID ({show})"
    tx.studies.note(entered.study_instance_uid, event, note)
    return one


def _reason(loser: ReceivedInstance, entered: ReceivedInstance) -> str:
    if loser.study_instance_uid != entered.study_instance_uid:
        return "this SOP Instance UID was received before in another study; that one is kept"
    if entered.received_at > loser.received_at:
        return "other content was received later under this SOP Instance UID and has replaced this one"
    return "this SOP Instance UID was received before with other content; the first one is kept"
