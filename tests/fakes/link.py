"""A destination that a test tells what to answer, without a network."""

from collections.abc import Callable, Collection, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field

from service.config import Destination
from service.errors import PeerRefused
from service.net.storage_commitment import CommitmentReport
from service.send.link import Link
from service.send.outcome import Sent, outcome
from service.storage.ledger.tables.commitments import Reference
from service.storage.ledger.tables.deliveries import Proof, StoredObject


@dataclass
class FakePacs:
    """Holds what it is sent. `statuses` answer single objects, by SOP Instance UID.

    What `forgets` names is answered with Success and not kept, once each.
    """

    statuses: dict[str, int] = field(default_factory=dict)
    forgets: set[str] = field(default_factory=set)
    no_commitment: str = "no storage commitment here"
    no_query: str = "no C-FIND here"
    refuses_commitment: str = ""
    refuses_query: str = ""
    report: Callable[[CommitmentReport], None] | None = None
    """Takes reports, which come at once where it is given."""
    held: dict[str, bytes] = field(default_factory=dict)
    got: list[str] = field(default_factory=list)
    asked: list[tuple[str, Sequence[Reference]]] = field(default_factory=list)
    opened: int = 0

    status_proof: Proof = Proof.STORE_STATUS
    query: str = "C-FIND"
    is_open: bool = True

    @contextmanager
    def open(self, _destination: Destination, _classes: Collection[str]) -> Iterator[Link]:
        self.opened += 1
        self.is_open = True
        yield self

    def store(self, stored: StoredObject, data: bytes) -> Sent:
        uid = stored.sop_instance_uid
        self.got.append(uid)
        sent = outcome(uid, self.statuses.get(uid, 0))
        if uid in self.forgets:
            self.forgets.discard(uid)
        elif sent.is_there:
            self.held[uid] = data
        return sent

    def cannot_commit(self) -> str:
        return self.no_commitment

    def request_commitment(self, transaction_uid: str, references: Sequence[Reference]) -> str:
        self.asked.append((transaction_uid, references))
        if not self.refuses_commitment and self.report is not None:
            self.report(self.report_on(transaction_uid, references))
        return self.refuses_commitment

    def report_on(self, transaction_uid: str, references: Sequence[Reference]) -> CommitmentReport:
        """What is true of the objects."""
        uids = {one.sop_instance_uid for one in references}
        failed = dict.fromkeys(sorted(uids - self.held.keys()), "it does not have the object")
        return CommitmentReport(transaction_uid, frozenset(uids & self.held.keys()), failed)

    def has_reported(self, _transaction_uid: str) -> None:
        pass

    def cannot_query(self) -> str:
        return self.no_query

    def holds(self, stored: StoredObject) -> bool:
        if self.refuses_query:
            raise PeerRefused(self.refuses_query)
        return stored.sop_instance_uid in self.held
