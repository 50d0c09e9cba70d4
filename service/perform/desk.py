"""What every step of the work on a workitem needs: the ledger, the manager, and how both are told."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import structlog
from pydicom.dataset import Dataset
from pydicom.sr.coding import Code

from service.config import TaskManager
from service.errors import NotOurs, PeerRefused
from service.perform.attributes import canceled, progress
from service.perform.outputs import Place
from service.perform.port import CANCELED, COMPLETED, IN_PROGRESS, SCHEDULED, Manager
from service.storage.ledger.ledger import Ledger
from service.study.workitem import HeldWorkitem, Workitem, WorkitemCode, WorkitemState

log = structlog.get_logger()

CLAIMED, ENDED = "workitem_claimed", "workitem_ended"
"""Events of a study's history that move no state."""
HOLD_S = 30.0
"""How long a workitem is in the hands of the process that works on it; then another one may take it up."""
_RENEW_EVERY_S = 10.0
_FINAL = {WorkitemState.COMPLETED: COMPLETED, WorkitemState.CANCELED: CANCELED}


@dataclass(frozen=True)
class Desk:
    """`places`: by destination, where others can have what was delivered there."""

    ledger: Ledger
    settings: TaskManager
    manager: Manager
    places: Mapping[str, Place] = field(default_factory=dict)
    clock: Callable[[], datetime] = lambda: datetime.now(UTC)

    @property
    def station(self) -> WorkitemCode:
        """What the manager knows us as."""
        return WorkitemCode(self.settings.station, self.settings.station_scheme, "Preread")

    def change(self, held: HeldWorkitem, *, after_s: float = 0.0, **values: Any) -> None:
        """Enter values, and that it is to be looked at again in so many seconds."""
        due_at = self.clock() + timedelta(seconds=after_s)
        with self.ledger.begin() as tx:
            tx.workitems.change(held.uid, due_at=due_at, **values)

    def holding(self, held: HeldWorkitem) -> Callable[[int, int], None]:
        """To be called while a step goes on for long: the workitem stays in our hands."""
        renewed_at = self.clock()

        def renew(_done: int, _total: int) -> None:
            nonlocal renewed_at
            if (self.clock() - renewed_at).total_seconds() >= _RENEW_EVERY_S:
                renewed_at = self.clock()
                self.change(held, after_s=HOLD_S)

        return renew

    def tell(self, held: HeldWorkitem, percent: int, text: str) -> bool:
        """Tell the manager how far it is, unless it knows; False where the workitem is not ours any more."""
        if text == held.told:  # nothing to tell; somebody may have ended it there
            return self._is_ours_still(held, self.manager.find(held.uid))
        try:
            self.manager.update(held.uid, held.transaction_uid, progress(percent, text))
        except NotOurs as refused:
            if self._is_ours_still(held, self.manager.find(held.uid)):
                raise _not_liked(held, refused) from None
            return False
        with self.ledger.begin() as tx:
            tx.workitems.change(held.uid, told=text, reason=text)
        return True

    def cancel(self, held: HeldWorkitem, reason: str, code: Code) -> None:
        """End it without a result."""
        now = self.clock()
        began_at = held.claimed_at or now
        self.end(held, canceled(reason, code, now, self.station, began_at), WorkitemState.CANCELED, reason)

    def end(self, held: HeldWorkitem, changes: Dataset, state: WorkitemState, reason: str) -> None:
        """Enter the last attributes and the final state there, then here: each may be done twice."""
        try:
            self.manager.update(held.uid, held.transaction_uid, changes)
            self.manager.end(held.uid, held.transaction_uid, _FINAL[state])
        except NotOurs as refused:
            if not self._had_ended(held, state, refused):
                return
        self.settle(held, state, reason)

    def settle(self, held: HeldWorkitem, state: WorkitemState, reason: str) -> None:
        """Nothing more is done about it."""
        with self.ledger.begin() as tx:
            tx.workitems.change(held.uid, state=state, reason=reason, ended_at=self.clock())
            note = f"workitem {held.uid} of {held.manager} {state}: {reason}"
            tx.studies.note(held.study_instance_uid, ENDED, note)
        log.info(
            "workitem ended",
            manager=held.manager,
            outcome=state,
            study_instance_uid=held.study_instance_uid,
        )

    def _had_ended(self, held: HeldWorkitem, state: WorkitemState, refused: NotOurs) -> bool:
        """Whether it is in the final state already: our end came through, and its answer did not."""
        found = self.manager.find(held.uid)
        if found is not None and found.state == _FINAL[state]:
            return True
        if self._is_ours_still(held, found):
            raise _not_liked(held, refused)
        return False

    def _is_ours_still(self, held: HeldWorkitem, found: Workitem | None) -> bool:
        """Whether the manager says that it is in progress; else what it says is entered."""
        if found is None:
            self.settle(held, WorkitemState.LOST, "it is gone there, without us")
        elif found.state == SCHEDULED:  # the manager has lost what it knew, and offers it again
            self.change(held, state=WorkitemState.CLAIMING, told="", reason="offered again; to be claimed")
        elif found.state == IN_PROGRESS:
            return True
        else:
            self.settle(held, WorkitemState.LOST, f"it is {found.state} there, without us")
        return False


def _not_liked(held: HeldWorkitem, refused: NotOurs) -> PeerRefused:
    """The workitem is in progress and ours: then it is the change that the manager does not like."""
    return PeerRefused(
        f"{held.manager} does not take what we enter into a workitem that is in progress: {refused}. "
        "Its log says why"
    )
