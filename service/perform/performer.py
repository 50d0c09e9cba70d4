"""Performing the workitems of one manager: what it offers is claimed, and what is ours goes on."""

import time
import uuid
from collections.abc import Iterator
from datetime import timedelta

import structlog

from service.config import Task
from service.errors import ConfigurationError, PeerRefused, PeerUnavailable
from service.perform.attributes import UNSPECIFIED
from service.perform.bring import bring
from service.perform.claim import claim
from service.perform.desk import HOLD_S, Desk
from service.perform.events import CANCEL_REQUESTED, UpsEvent
from service.perform.follow import follow
from service.perform.port import Inputs
from service.study.model import Priority
from service.study.workitem import HeldWorkitem, Workitem, WorkitemCode, WorkitemState

log = structlog.get_logger()

AWAY_S = 30.0
"""How long a manager that does not answer is left alone."""
TURN_S = 60.0
"""After so long no further step is begun in a turn: a step may fetch a study, and turns are waited for."""
REFUSED_S = 60.0
"""How long a workitem is left alone whose manager answers and refuses."""


class Performer:
    """Call `turn` again and again, in as many processes as there are: each step may be done twice.

    `trouble` says what keeps it from its work, empty where nothing does.
    """

    def __init__(self, desk: Desk, inputs: Inputs) -> None:
        self._desk = desk
        self._inputs = inputs
        self._away_until = float("-inf")
        self.trouble = ""

    def hear(self, event: UpsEvent) -> None:
        """What a subscription tells: somebody wants one of ours canceled. Raises LedgerUnavailable."""
        if event.type_id != CANCEL_REQUESTED:
            return
        who = f" ({event.requested_by})" if event.requested_by else ""
        reason = f"canceled as asked for{who}: {event.reason or 'no reason given'}"
        with self._desk.ledger.begin() as tx:
            is_ours = tx.workitems.ask_to_cancel(event.workitem_uid, reason, self._desk.clock())
        if is_ours:
            log.info("a workitem is to be canceled", manager=self._desk.settings.name)

    def turn(self) -> None:
        """Go on with what is ours, then look for more. Raises LedgerUnavailable."""
        if time.monotonic() < self._away_until:
            return
        name = self._desk.settings.name
        refused: list[str] = []
        try:
            refused += self._go_on()
            if self._take_on():
                refused += self._go_on()
        except (PeerUnavailable, ConfigurationError) as error:
            self._away_until = time.monotonic() + AWAY_S
            refused = [str(error)]
        trouble = f"{name}: {refused[0]}" if refused else ""
        if trouble and trouble != self.trouble:
            log.error("workitems wait", manager=name, reason=trouble)
        self.trouble = trouble

    def _go_on(self) -> list[str]:
        """One step of every workitem that is due; what the manager has refused."""
        refused: list[str] = []
        until = time.monotonic() + TURN_S
        for held in self._due():
            try:
                self._step(held)
            except PeerRefused as error:
                refused.append(str(error))
                self._desk.change(held, after_s=REFUSED_S, reason=str(error))
            except (PeerUnavailable, ConfigurationError) as error:
                self._desk.change(held, after_s=AWAY_S, reason=str(error))
                raise
            if time.monotonic() > until:
                break
        return refused

    def _due(self) -> Iterator[HeldWorkitem]:
        while True:
            now = self._desk.clock()
            with self._desk.ledger.begin() as tx:
                held = tx.workitems.take(self._desk.settings.name, now, now + timedelta(seconds=HOLD_S))
            if held is None:
                return
            yield held

    def _step(self, held: HeldWorkitem) -> None:
        if held.state is WorkitemState.CLAIMING:
            claim(self._desk, held)
        elif held.cancel_asked:
            self._desk.cancel(held, held.cancel_asked, UNSPECIFIED)
        elif held.state is WorkitemState.FETCHING:
            bring(self._desk, held, self._inputs)
        else:
            follow(self._desk, held)

    def _take_on(self) -> int:
        """Enter what is offered and for us, the urgent first, as far as there is room. How many."""
        settings = self._desk.settings
        with self._desk.ledger.read() as tx:
            room = settings.max_claimed - tx.workitems.count_open(settings.name)
        if room <= 0:
            return 0
        offered = [
            (workitem, task)
            for task in settings.tasks
            for workitem in self._desk.manager.scheduled(WorkitemCode(task.code, task.scheme))
            if self._is_for_us(workitem)
        ]
        with self._desk.ledger.read() as tx:
            known = tx.workitems.known([workitem.uid for workitem, _ in offered])
        new = [(workitem, task) for workitem, task in offered if workitem.uid not in known]
        new.sort(key=lambda one: one[0].priority is not Priority.URGENT)
        for workitem, task in new[:room]:
            self._enter(workitem, task)
        return len(new[:room])

    def _is_for_us(self, workitem: Workitem) -> bool:
        own = self._desk.station
        return not workitem.stations or any(one.is_same(own) for one in workitem.stations)

    def _enter(self, workitem: Workitem, task: Task) -> None:
        now = self._desk.clock()
        held = HeldWorkitem(
            workitem=workitem,
            manager=self._desk.settings.name,
            transaction_uid=f"2.25.{uuid.uuid4().int}",
            state=WorkitemState.CLAIMING,
            classifiers=task.classifiers,
            destinations=task.destinations,
            found_at=now,
            due_at=now,
            reason="found; to be claimed",
        )
        with self._desk.ledger.begin() as tx:
            tx.workitems.add(held)
