"""The ledger: the one source of truth about every study, in SQLite (embedded) or PostgreSQL (cluster).

Work is done in transactions; each part of the ledger is one small class over the same connection:

    with ledger.begin() as tx:
        tx.studies.move(study_instance_uid, StudyEvent.WORK_QUEUED, reason)
        tx.outbox.add(request)
"""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Engine, create_engine, event, make_url, text
from sqlalchemy.exc import OperationalError

from service.errors import LedgerUnavailable
from service.storage.ledger.questions.operations import Operations
from service.storage.ledger.questions.search import Search
from service.storage.ledger.schema.indexes import build_beside_others
from service.storage.ledger.schema.migrate import upgrade
from service.storage.ledger.tables.accounts import Accounts
from service.storage.ledger.tables.analyses import Analyses
from service.storage.ledger.tables.api_tokens import ApiTokens
from service.storage.ledger.tables.assessments import Assessments
from service.storage.ledger.tables.audit import AuditTrail
from service.storage.ledger.tables.commitment_requests import CommitmentRequests
from service.storage.ledger.tables.commitments import Commitments
from service.storage.ledger.tables.companions import Companions
from service.storage.ledger.tables.deliveries import Deliveries
from service.storage.ledger.tables.instances import Instances
from service.storage.ledger.tables.leases import Leases
from service.storage.ledger.tables.notices import Notices
from service.storage.ledger.tables.outbox import Outbox
from service.storage.ledger.tables.priors import Priors
from service.storage.ledger.tables.procedure_steps import ProcedureSteps
from service.storage.ledger.tables.promotions import Promotions
from service.storage.ledger.tables.receiving import Receiving
from service.storage.ledger.tables.senders import Heard, Senders
from service.storage.ledger.tables.studies import Studies
from service.storage.ledger.tables.workitems import Workitems
from service.study.move import Move

# A writer waits this long for another process's transaction. Transactions here take milliseconds.
SQLITE_BUSY_TIMEOUT_MS = 30_000


@dataclass(frozen=True)
class Transaction:
    """One transaction on the ledger. Leaving it commits; an exception rolls everything back."""

    connection: Connection
    moves: list[Move] = field(default_factory=list)

    @cached_property
    def studies(self) -> Studies:
        """Studies and their states."""
        return Studies(self.connection, self.moves)

    @cached_property
    def senders(self) -> Senders:
        """Who has sent last when."""
        return Senders(self.connection)

    @cached_property
    def receiving(self) -> Receiving:
        """Studies that are being received."""
        return Receiving(self.connection)

    @cached_property
    def search(self) -> Search:
        """Finds studies."""
        return Search(self.connection)

    @cached_property
    def instances(self) -> Instances:
        """Received instances."""
        return Instances(self.connection)

    @cached_property
    def companions(self) -> Companions:
        """Studies that are read together."""
        return Companions(self.connection)

    @cached_property
    def priors(self) -> Priors:
        """Studies that wait for priors, and priors themselves."""
        return Priors(self.connection)

    @cached_property
    def procedure_steps(self) -> ProcedureSteps:
        """What modalities say of their own work."""
        return ProcedureSteps(self.connection)

    @cached_property
    def commitments(self) -> Commitments:
        """Requests for storage commitment that peers make."""
        return Commitments(self.connection)

    @cached_property
    def commitment_requests(self) -> CommitmentRequests:
        """Our own requests for storage commitment."""
        return CommitmentRequests(self.connection)

    @cached_property
    def notices(self) -> Notices:
        """What is wrong with the service itself."""
        return Notices(self.connection)

    @cached_property
    def analyses(self) -> Analyses:
        """Classifiers on studies."""
        return Analyses(self.connection)

    @cached_property
    def deliveries(self) -> Deliveries:
        """Result objects and where they went."""
        return Deliveries(self.connection)

    @cached_property
    def assessments(self) -> Assessments:
        """What people say of results."""
        return Assessments(self.connection)

    @cached_property
    def accounts(self) -> Accounts:
        """People who may sign in, and those who have."""
        return Accounts(self.connection)

    @cached_property
    def api_tokens(self) -> ApiTokens:
        """Programs that may ask."""
        return ApiTokens(self.connection)

    @cached_property
    def audit(self) -> AuditTrail:
        """Who has seen and done what."""
        return AuditTrail(self.connection)

    @cached_property
    def promotions(self) -> Promotions:
        """Classifiers that took another one's place."""
        return Promotions(self.connection)

    @cached_property
    def operations(self) -> Operations:
        """The state of the whole."""
        return Operations(self.connection)

    @cached_property
    def workitems(self) -> Workitems:
        """What worklist managers ask us to do."""
        return Workitems(self.connection)

    @cached_property
    def leases(self) -> Leases:
        """Who may end which work."""
        return Leases(self.connection)

    @cached_property
    def outbox(self) -> Outbox:
        """Messages that leave with this transaction."""
        return Outbox(self.connection)


class Ledger:
    """Opens the database; safe to share between threads.

    `on_moves` hears of the moves of studies that were committed. Raises LedgerUnavailable when the database
    does not answer.
    """

    def __init__(self, url: str, on_moves: Callable[[Sequence[Move]], None] = lambda moves: None) -> None:
        self._engine = _open(url)
        self._on_moves = on_moves
        self.heard = Heard()
        self._is_upgraded = False

    def upgrade(self) -> None:
        """Bring the tables to this version, once; nothing happens when this is called again.

        Several processes may call it at once; one of them does it.
        """
        if self._is_upgraded:
            return
        with _translated():
            upgrade(self._engine)
        self._is_upgraded = True

    def build_indexes(self) -> list[str]:
        """Build the indexes that the upgraded ledger still lacks, while others go on; in a large one this
        takes minutes. Returns the names of those that are missing afterwards: another process builds them.
        """
        with _translated():
            return build_beside_others(self._engine)

    @contextmanager
    def begin(self) -> Iterator[Transaction]:
        """A transaction that writes."""
        moves: list[Move] = []
        with _translated(), self._engine.begin() as connection:
            yield Transaction(connection, moves)
        self._on_moves(moves)

    @contextmanager
    def read(self) -> Iterator[Transaction]:
        """A transaction that only reads: it waits for no writer."""
        with _translated(), self._engine.connect() as connection:
            reading = connection.execution_options(preread_reads_only=True)
            with reading.begin():
                yield Transaction(reading)

    def check(self) -> None:
        """Raises LedgerUnavailable where the database does not answer."""
        with self.read() as tx:
            tx.connection.execute(text("SELECT 1"))

    def close(self) -> None:
        """Let go of all connections."""
        self._engine.dispose()


@contextmanager
def _translated() -> Iterator[None]:
    try:
        yield
    except OperationalError as error:
        raise LedgerUnavailable(f"the ledger's database does not answer: {error.orig}") from error


def _open(url: str) -> Engine:
    parsed = make_url(url)
    if parsed.get_backend_name() != "sqlite":
        engine = create_engine(parsed, pool_pre_ping=True)
        event.listen(engine, "connect", _configure_postgres)
        return engine
    if parsed.database:
        Path(parsed.database).parent.mkdir(parents=True, exist_ok=True)
    engine = create_engine(parsed, connect_args={"timeout": SQLITE_BUSY_TIMEOUT_MS / 1000})
    event.listen(engine, "connect", _configure_sqlite)
    event.listen(engine, "begin", _begin_sqlite)
    return engine


def _configure_postgres(dbapi_connection: Any, _record: object) -> None:
    # A plan that is made once for all values suits neither a state of millions of studies nor one of none.
    with dbapi_connection.cursor() as cursor:
        cursor.execute("SET plan_cache_mode = force_custom_plan")
    dbapi_connection.commit()


def _configure_sqlite(dbapi_connection: Any, _record: object) -> None:
    # The driver's own transaction handling begins too late for BEGIN IMMEDIATE: switch it off.
    dbapi_connection.isolation_level = None
    for pragma in (
        "journal_mode=WAL",
        "synchronous=FULL",  # a commit survives a loss of power: 0x0000 depends on it
        "foreign_keys=ON",
        f"busy_timeout={SQLITE_BUSY_TIMEOUT_MS}",
    ):
        dbapi_connection.execute(f"PRAGMA {pragma}")


def _begin_sqlite(connection: Connection) -> None:
    # Taking the write lock at once avoids a dead end between two readers that both want to write.
    reads_only = connection.get_execution_options().get("preread_reads_only", False)
    connection.exec_driver_sql("BEGIN" if reads_only else "BEGIN IMMEDIATE")
