"""A PACS on pynetdicom that a test tells what it offers, what it forgets and how it reports."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from pydicom.dataset import Dataset
from pynetdicom import AE, build_role, evt

from service.config import Destination
from tests.fakes.datasets import EXPLICIT_VR_LE, IMPLICIT_VR_LE
from tests.fakes.modality import COMMITMENT, COMMITMENT_INSTANCE, dataset_of
from tests.unit.outgoing_study import SC_CLASS, SR_CLASS

FIND = "1.2.840.10008.5.1.4.1.2.2.1"
SYNTAXES = [EXPLICIT_VR_LE, IMPLICIT_VR_LE]


@dataclass
class ScriptedPacs:
    """`reports_to` is a port where it reports on an association of its own, 0 the association that asked."""

    offers: tuple[str, ...] = (COMMITMENT, FIND)
    forgets: set[str] = field(default_factory=set)
    reports_to: int | None = 0
    failure_reason: int = 0x0112
    action_status: int = 0x0000
    find_status: int = 0x0000
    hangs_up_on: str = ""
    port: int = 0
    held: set[str] = field(default_factory=set)
    stored: list[str] = field(default_factory=list)
    found: list[Dataset] = field(default_factory=list)
    answers: list[int] = field(default_factory=list)
    associations: list[list[str]] = field(default_factory=list)
    transactions: list[str] = field(default_factory=list)
    threads: list[threading.Thread] = field(default_factory=list)

    def destination(self, **settings: Any) -> Destination:
        node = {"name": "pacs", "host": "127.0.0.1", "port": self.port, "ae_title": "ARCHIVE"}
        return Destination.model_validate(node | settings)

    def on_requested(self, event: Any) -> None:
        proposed = event.assoc.requestor.primitive.presentation_context_definition_list
        self.associations.append([str(one.abstract_syntax) for one in proposed])

    def on_store(self, event: Any) -> int:
        uid = str(event.request.AffectedSOPInstanceUID)
        self.stored.append(uid)
        if uid in self.forgets:
            self.forgets.discard(uid)
        else:
            self.held.add(uid)
        return 0x0000

    def on_find(self, event: Any) -> Iterator[tuple[int, Dataset | None]]:
        if self.hangs_up_on == FIND:
            event.assoc.abort()
        self.found.append(event.identifier)
        if self.find_status:
            yield self.find_status, None
        elif str(event.identifier.SOPInstanceUID) in self.held:
            yield 0xFF00, event.identifier

    def on_action(self, event: Any) -> tuple[int, None]:
        if self.hangs_up_on == COMMITMENT:
            event.assoc.abort()
            return 0x0110, None
        asked = event.action_information
        self.transactions.append(str(asked.TransactionUID))
        if self.action_status == 0 and self.reports_to is not None:
            thread = threading.Timer(0.1, self.report, [asked, event.assoc if not self.reports_to else None])
            self.threads.append(thread)
            thread.start()
        return self.action_status, None

    def report(self, asked: Dataset, assoc: Any = None) -> None:
        """What is true of the objects that it was asked about."""
        kept: list[Dataset] = []
        lost: list[Dataset] = []
        for item in asked.ReferencedSOPSequence:
            (kept if item.ReferencedSOPInstanceUID in self.held else lost).append(item)
        for item in lost:
            item.FailureReason = self.failure_reason
        ds = dataset_of(
            {
                "TransactionUID": asked.TransactionUID,
                "ReferencedSOPSequence": kept or None,
                "FailedSOPSequence": lost or None,
            }
        )
        if assoc is not None:
            self._tell(assoc, ds)
            return
        ae = AE("ARCHIVE")
        ae.add_requested_context(COMMITMENT, SYNTAXES)
        own = ae.associate(
            "127.0.0.1",
            self.reports_to,
            ae_title="PREREAD",
            ext_neg=[build_role(COMMITMENT, scp_role=True)],
        )
        self._tell(own, ds)
        own.release()

    def _tell(self, assoc: Any, ds: Dataset) -> None:
        event_type = 2 if "FailedSOPSequence" in ds else 1
        answer, _ = assoc.send_n_event_report(ds, event_type, COMMITMENT, COMMITMENT_INSTANCE)
        self.answers.append(answer.Status if "Status" in answer else -1)


@contextmanager
def listening(pacs: ScriptedPacs) -> Iterator[ScriptedPacs]:
    """The PACS on a free port."""
    ae = AE("ARCHIVE")
    ae.acse_timeout = ae.dimse_timeout = ae.network_timeout = 20
    for sop_class_uid in (SR_CLASS, SC_CLASS, *pacs.offers):
        ae.add_supported_context(sop_class_uid, SYNTAXES)
    handlers = [
        (evt.EVT_REQUESTED, pacs.on_requested),
        (evt.EVT_C_STORE, pacs.on_store),
        (evt.EVT_C_FIND, pacs.on_find),
        (evt.EVT_N_ACTION, pacs.on_action),
    ]
    server = ae.start_server(("127.0.0.1", 0), block=False, evt_handlers=handlers)
    pacs.port = server.server_address[1]
    try:
        yield pacs
    finally:
        for thread in pacs.threads:
            thread.join(10)
        server.shutdown()
