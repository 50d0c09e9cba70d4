"""Confirmation by storage commitment: the destination is asked once, and reports when it likes."""

import time
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from uuid import uuid4

from service.config import Destination
from service.errors import PeerAborted, PeerRefused, PeerUnavailable
from service.send.doubt import Doubt
from service.send.link import Link
from service.send.unconfirmed import Step, Unconfirmed
from service.storage.ledger.ledger import Ledger
from service.storage.ledger.tables.commitment_requests import CommitmentRequest
from service.storage.ledger.tables.commitments import Reference
from service.study.messages import DeliveryRequest

_LOOK_S = 0.05
"""How often the ledger is asked whether the report has come, on whichever association."""


class CommitmentConfirmation:
    """Asks for it, and says what is left to another way: all that was refused or not reported in time."""

    def __init__(
        self, ledger: Ledger, destination: Destination, wait_s: float, now: Callable[[], datetime]
    ) -> None:
        self._ledger = ledger
        self._destination = destination
        self._wait_s = wait_s
        self._now = now
        self._doubt = Doubt(now)

    def confirm(self, link: Link, request: DeliveryRequest, objects: Sequence[Unconfirmed]) -> Step:
        """Ask about those of `objects` that were not asked about since they were sent.

        Where nothing else will do, those that it was asked about in vain, too. Raises PeerUnavailable.
        """
        awaited, fresh, vain, why = self._sort(request, objects)
        is_named = self._destination.confirm == "commitment"
        if is_named:
            fresh, vain = [*fresh, *vain], []
        waits = self._waits() if awaited else ""
        if not fresh:
            return Step(vain, why, waits)
        refusal, waits_for_it = self._ask(link, request, fresh)
        if refusal and not is_named:
            return Step([*vain, *fresh], refusal, waits)
        return Step(vain, why, refusal or waits_for_it or waits)

    def awaits_all(self, request: DeliveryRequest, objects: Sequence[Unconfirmed]) -> str:
        """What is waited for, where nothing else can be done now; empty where something can."""
        awaited, _, _, _ = self._sort(request, objects)
        return self._waits() if awaited and len(awaited) == len(objects) else ""

    def _sort(
        self, request: DeliveryRequest, objects: Sequence[Unconfirmed]
    ) -> tuple[list[Unconfirmed], list[Unconfirmed], list[Unconfirmed], str]:
        """Those whose report is awaited, those not asked about, those asked about in vain, and why."""
        with self._ledger.read() as tx:
            asked = tx.commitment_requests.of(
                request.study_instance_uid, request.revision, request.destination
            )
        awaited, fresh, vain, why = [], [], [], ""
        for one in objects:
            latest = next((r for r in asked if r.names(one.uid) and r.requested_at >= one.sent_at), None)
            if latest is None:
                fresh.append(one)
            elif self._is_awaited(latest):
                awaited.append(one)
            else:
                vain.append(one)
                why = latest.reason if latest.ended_at else self._no_report()
        return awaited, fresh, vain, why

    def _is_awaited(self, asked: CommitmentRequest) -> bool:
        timeout = timedelta(seconds=self._destination.commitment_timeout_s)
        return asked.ended_at is None and self._now() < asked.requested_at + timeout

    def _ask(self, link: Link, request: DeliveryRequest, objects: Sequence[Unconfirmed]) -> tuple[str, str]:
        """Ask, and give the report a moment. Why it was refused, and what is waited for."""
        if refusal := link.cannot_commit():
            return refusal, ""
        asked = self._new_request(request, objects)
        with self._ledger.begin() as tx:  # before it is sent: the report may be quicker than the answer
            tx.commitment_requests.add(asked)
        try:
            refusal = link.request_commitment(asked.transaction_uid, asked.references)
        except PeerAborted as error:
            if not self._doubt.is_refusal("commitment"):
                self._forget(asked)
                raise
            refusal = str(error)
        except PeerRefused as error:
            refusal = str(error)
        except PeerUnavailable:
            self._forget(asked)
            raise
        if refusal:
            self._refused(asked, refusal)
            return refusal, ""
        if not self._has_reported(asked.transaction_uid):
            return "", self._waits()
        link.has_reported(asked.transaction_uid)
        return "", ""

    def _forget(self, asked: CommitmentRequest) -> None:
        with self._ledger.begin() as tx:
            tx.commitment_requests.forget(asked.transaction_uid)

    def _refused(self, asked: CommitmentRequest, refusal: str) -> None:
        """Remember it, so that another proof is taken; not where none will do, and it is asked again."""
        with self._ledger.begin() as tx:
            if self._destination.confirm == "commitment":
                tx.commitment_requests.forget(asked.transaction_uid)
            else:
                tx.commitment_requests.end(asked.transaction_uid, self._now(), refusal)

    def _new_request(self, request: DeliveryRequest, objects: Sequence[Unconfirmed]) -> CommitmentRequest:
        return CommitmentRequest(
            transaction_uid=f"2.25.{uuid4().int}",
            study_instance_uid=request.study_instance_uid,
            revision=request.revision,
            destination=request.destination,
            references=tuple(Reference(one.stored.sop_class_uid, one.uid) for one in objects),
            requested_at=self._now(),
        )

    def _has_reported(self, transaction_uid: str) -> bool:
        """Wait a moment for the report."""
        deadline = time.monotonic() + self._wait_s
        while True:
            with self._ledger.read() as tx:
                asked = tx.commitment_requests.find(transaction_uid)
            if asked is None or asked.ended_at is not None:
                return True
            if time.monotonic() > deadline:
                return False
            time.sleep(_LOOK_S)

    def _waits(self) -> str:
        return f"{self._destination.name} has the results; its report of storage commitment is waited for"

    def _no_report(self) -> str:
        return (
            f"no report of storage commitment came within {self._destination.commitment_timeout_s:.0f} s: "
            "check that the PACS knows our AE title with host and port of accept"
        )
