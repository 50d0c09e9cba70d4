"""One study out of a PACS: what it has, what of that we want, and what became of each instance."""

import time
from collections import Counter
from collections.abc import Callable, Collection
from dataclasses import dataclass

from service.errors import PeerUnavailable
from service.fetch.found import FoundInstance
from service.fetch.port import Archive
from service.fetch.spool import Spool
from service.fetch.transfer import Progress, Receiver, Transfer
from service.fetch.wanted import Wanted

ARRIVE_WITHIN_S = 10.0
"""After a C-MOVE: instances that were acknowledged are in the ledger within milliseconds."""
_AFTER_A_PROBLEM_S = 1.0
_LOOK_EVERY_S = 0.2


@dataclass(frozen=True, slots=True)
class Fetched:
    """What became of one study.

    `expected` and `received` are SOP Instance UIDs; `refused` maps them to reasons; `left_out` counts by SOP
    Class UID what the PACS has and we do not store; `problems` are for a person.
    """

    study_instance_uid: str
    expected: frozenset[str]
    received: frozenset[str]
    refused: dict[str, str]
    left_out: dict[str, int]
    problems: tuple[str, ...]

    @property
    def missing(self) -> frozenset[str]:
        """What the PACS has, nobody refused, and did not come."""
        return self.expected - self.received - self.refused.keys()

    @property
    def is_complete(self) -> bool:
        """Whether there was something, and all of it was taken."""
        return bool(self.expected) and not (self.expected - self.received or self.refused or self.problems)


class Fetcher:
    """Fetches studies from one PACS. `arrived` gives the SOP Instance UIDs of a study that Preread has."""

    def __init__(
        self,
        archive: Archive,
        receiver: Receiver,
        spool: Spool,
        wanted: Wanted,
        arrived: Callable[[str], Collection[str]],
        arrive_within_s: float = ARRIVE_WITHIN_S,
    ) -> None:
        self._archive = archive
        self._receiver = receiver
        self._spool = spool
        self._wanted = wanted
        self._arrived = arrived
        self._arrive_within_s = arrive_within_s

    def fetch(self, study_instance_uid: str, progress: Progress) -> Fetched:
        """Fetch one study. Raises nothing that lies in the PACS or on the way: the result says it."""
        instances: list[FoundInstance] = []
        left_out: Counter[str] = Counter()
        transfer = Transfer(self._receiver, self._spool, lambda done: progress(done, len(instances)))
        try:
            for one in self._list(study_instance_uid):
                if self._wanted.is_storable(one):
                    instances.append(one)
                else:
                    left_out[one.sop_class_uid] += 1
            progress(0, len(instances))
            if instances:
                self._archive.retrieve(study_instance_uid, instances, transfer)
            else:
                transfer.problem("the PACS has no image of it that Preread stores and has not made itself")
        except PeerUnavailable as error:
            if transfer.failure is None:  # else we ended it ourselves
                transfer.problem(str(error))
        if transfer.failure is not None:
            transfer.problem(f"handing on to Preread stopped: {transfer.failure}")
        if transfer.destination:
            self._await(study_instance_uid, frozenset(one.sop_instance_uid for one in instances), transfer)
        return Fetched(
            study_instance_uid,
            frozenset(one.sop_instance_uid for one in instances),
            frozenset(transfer.received),
            transfer.refused,
            dict(left_out),
            tuple(transfer.problems),
        )

    def _list(self, study_uid: str) -> tuple[FoundInstance, ...]:
        return self._archive.find_instances(study_uid, self._wanted.own_series(study_uid))

    def _await(self, study_uid: str, expected: frozenset[str], transfer: Transfer) -> None:
        """A PACS knows only that somebody took what it sent: look at what is here."""
        within_s = (
            min(self._arrive_within_s, _AFTER_A_PROBLEM_S) if transfer.problems else self._arrive_within_s
        )
        deadline = time.monotonic() + within_s
        while True:
            transfer.received = {*self._arrived(study_uid)} & expected
            missing = expected - transfer.received
            if missing <= transfer.refused.keys() or time.monotonic() > deadline:
                break
            time.sleep(_LOOK_EVERY_S)
        for uid in transfer.received:
            transfer.refused.pop(uid, None)
        if expected - transfer.received - transfer.refused.keys() and not transfer.problems:
            transfer.problem(
                "the PACS says that it sent everything, and not all of it is here: check there that "
                f"{transfer.destination} has the host and port of this Preread"
            )
