"""Dead letters for a person: the broker's messages, what the ledger says of them, and what can be done."""

from collections.abc import Sequence
from dataclasses import dataclass

import structlog

from service.enqueue.port import Broker, DeadLetter
from service.errors import ConfigurationError, InvalidMessage, NewerMessage, NotInThisState
from service.storage.ledger.ledger import Ledger, Transaction
from service.storage.ledger.steps.retry_study import retry_study
from service.storage.ledger.tables.leases import GivenUp
from service.study.messages import Message, queues_of_work, read_message
from service.study.model import Study

log = structlog.get_logger()

DISCARDED = "dead_letter_discarded"
"""Event of a study's history that moves no state."""


@dataclass(frozen=True, slots=True)
class Entry:
    """One dead letter. `request` is None where it asks for nothing known, `study` where that is not here.

    `note` is what the ledger says: None once the work was asked for again, or was never taken by a worker.
    """

    letter: DeadLetter
    request: Message | None
    study: Study | None
    note: GivenUp | None

    @property
    def id(self) -> str:
        """What commands call it."""
        return self.letter.envelope.message_id

    @property
    def reason(self) -> str:
        """Why it was given up."""
        return self.note.reason if self.note else self.letter.reason

    @property
    def superseded(self) -> str:
        """Why nothing is left to be done about it; empty where something is."""
        if self.request is None or self.study is None:
            return ""
        if self.request.revision != self.study.revision:
            return f"the study has moved on to revision {self.study.revision}"
        if self.note is None and not self.letter.by_broker:
            return "the study was tried again since"
        return ""


class DeadLetters:
    """Those of all `queues`, and of those that the configuration no longer names where the ledger remembers
    work of theirs. A study is changed before its message is taken out: neither can be lost.

    Every method raises LedgerUnavailable, BrokerUnavailable; calling it again is harmless.
    """

    def __init__(self, ledger: Ledger, broker: Broker, queues: Sequence[str]) -> None:
        self._ledger = ledger
        self._broker = broker
        self._queues = queues

    def entries(self, queue: str | None = None) -> list[Entry]:
        """Those of one queue or of all, queue by queue, oldest first. Raises ConfigurationError."""
        queues = self._all_queues()
        if queue is not None:
            if queue not in queues:
                raise ConfigurationError(f"there is no queue {queue!r} here; there are: {', '.join(queues)}")
            queues = [queue]
        letters = [letter for name in queues for letter in self._broker.dead_letters(name)]
        with self._ledger.read() as tx:
            return [_entry(tx, letter) for letter in letters]

    def _all_queues(self) -> list[str]:
        with self._ledger.read() as tx:
            noted = [queue for note in tx.leases.given_up() for queue in queues_of_work(note.work)]
        return list(dict.fromkeys([*self._queues, *noted]))

    def without_letter(self) -> list[GivenUp]:
        """What the ledger calls given up, and the broker has no dead letter of any more."""
        notes = {_key(entry.note) for entry in self.entries() if entry.note}
        with self._ledger.read() as tx:
            return [note for note in tx.leases.given_up() if _key(note) not in notes]

    def find(self, beginnings: Sequence[str]) -> list[Entry]:
        """The dead letters whose IDs begin so. Raises ConfigurationError for none and for several."""
        entries = self.entries()
        return list({found.id: found for one in beginnings for found in [_the_one(entries, one)]}.values())

    def retry(self, entry: Entry, who: str) -> str:
        """Let the study go its way again and take the message out. Returns what was done.

        Raises NotInThisState where that cannot be done, or not now.
        """
        with self._ledger.begin() as tx:
            done = _retry(tx, entry, who)
        log.info("dead letter retried", **_about(entry), who=who, done=done)
        return done + self._taken_out(entry)

    def discard(self, entry: Entry, who: str, why: str) -> str:
        """Forget the message; the study stays as it is, and its history says who did it and why."""
        reason = f"dead letter {entry.id[:8]} discarded by {who}: {why or 'no reason given'}"
        with self._ledger.begin() as tx:
            if entry.request is not None and entry.study is not None:
                tx.leases.forget_dead(*_work(entry.request))
                tx.studies.note(entry.request.study_instance_uid, DISCARDED, reason)
        log.warning("dead letter discarded", **_about(entry), who=who, why=why)
        return "discarded" + self._taken_out(entry)

    def _taken_out(self, entry: Entry) -> str:
        was_there = self._broker.discard(entry.letter.envelope.queue, entry.id)
        return "" if was_there else " (another command has just taken the dead letter out)"


def _entry(tx: Transaction, letter: DeadLetter) -> Entry:
    try:
        request = read_message(letter.envelope.body)
    except (InvalidMessage, NewerMessage):
        return Entry(letter, None, None, None)
    study = tx.studies.find(request.study_instance_uid)
    return Entry(letter, request, study, tx.leases.find_given_up(*_work(request)))


def _retry(tx: Transaction, entry: Entry, who: str) -> str:
    if entry.request is None:
        raise NotInThisState("the message asks for nothing that this version knows: discard it")
    if entry.study is None:
        raise NotInThisState("the ledger has no such study, it is another installation's: discard it")
    tx.studies.lock(entry.study.study_instance_uid)
    now = _entry(tx, entry.letter)  # others may have been faster
    if now.superseded:
        return f"superseded: {now.superseded}"
    if now.note is None:
        # The broker gave it up and told nobody, so the study waits for it in whatever state it is.
        tx.outbox.add(entry.request)
        return "asked for again"
    retry_study(tx, entry.request.study_instance_uid, f"dead letter {entry.id[:8]} tried again by {who}")
    return "the study is routed again within seconds"


def _the_one(entries: Sequence[Entry], beginning: str) -> Entry:
    found = [entry for entry in entries if entry.id.startswith(beginning)]
    found = [entry for entry in found if entry.id == beginning] or found
    if len(found) == 1:
        return found[0]
    what = "is the beginning of several IDs: write more of it" if found else "is not the ID of a dead letter"
    raise ConfigurationError(f"{beginning!r} {what}; `preread dead list` shows them")


def _work(request: Message) -> tuple[str, int, str]:
    return request.study_instance_uid, request.revision, request.work


def _key(note: GivenUp) -> tuple[str, int, str]:
    return note.study_instance_uid, note.revision, note.work


def _about(entry: Entry) -> dict[str, str]:
    study = {"study_instance_uid": entry.request.study_instance_uid} if entry.request else {}
    return study | {"queue": entry.letter.envelope.queue, "message_id": entry.id}
