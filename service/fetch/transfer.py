"""One study on its way: what came, with which status it was taken, and what was told to go wrong."""

from collections.abc import Callable
from typing import Protocol

from service.errors import PrereadError, Refused
from service.fetch.spool import Spool
from service.fetch.spooled import SpooledInstance
from service.fetch.status import CANNOT_UNDERSTAND, OUT_OF_RESOURCES, SUCCESS, WARNINGS, explain

Progress = Callable[[int, int], object]
"""Told how many instances of a study have come so far, and of how many."""


class Receiver(Protocol):
    """Takes instances. The forwarder to our own SCP does."""

    def receive(self, instance: SpooledInstance) -> int:
        """Keep one instance, whose file is whole and goes afterwards; the C-STORE status (PS3.4 B.2.3).

        A PrereadError says that it can take no more of them.
        """
        ...


class Transfer:
    """Collects the outcomes of one study's instances. One thread uses it at a time."""

    def __init__(self, receiver: Receiver, spool: Spool, progress: Callable[[int], object]) -> None:
        self._receiver = receiver
        self._spool = spool
        self._progress = progress
        self._sent_elsewhere = 0
        self.received: set[str] = set()
        """SOP Instance UIDs that were taken."""
        self.refused: dict[str, str] = {}
        """SOP Instance UID to the reason why it was not."""
        self.problems: list[str] = []
        """What else went wrong, in words for a person."""
        self.destination = ""
        """AE title to which the PACS sends by itself; empty where everything comes through `take`."""
        self.failure: PrereadError | None = None
        """Why nothing more can be taken."""

    def begin(self, sop_class_uid: str, sop_instance_uid: str, transfer_syntax_uid: str) -> SpooledInstance:
        """An instance begins to come: write its dataset, then `take` it, or remove it where it ends early."""
        return self._spool.begin(sop_class_uid, sop_instance_uid, transfer_syntax_uid)

    def take(self, instance: SpooledInstance) -> int:
        """Hand a whole instance on; the status to answer its sender. Raises nothing: `failure` says it."""
        try:
            instance.end()
            status = self._receiver.receive(instance)
        except Refused as error:
            self.refuse(instance.sop_instance_uid, str(error))
            self._tell()
            return CANNOT_UNDERSTAND
        except PrereadError as error:
            self.failure = error
            self.refuse(instance.sop_instance_uid, str(error))
            return OUT_OF_RESOURCES
        finally:
            instance.remove()
        self._answered(instance.sop_instance_uid, status)
        return status

    def counted(self, completed: int) -> None:
        """The PACS says that it has sent so many more to the destination of a move."""
        self._sent_elsewhere += completed
        self._progress(self._sent_elsewhere)

    def refuse(self, sop_instance_uid: str, reason: str) -> None:
        """An instance cannot come."""
        if sop_instance_uid not in self.received:
            self.refused.setdefault(sop_instance_uid, reason)

    def problem(self, what: str) -> None:
        """Something that is no single instance's fault; the same words once."""
        if what not in self.problems:
            self.problems.append(what)

    def _answered(self, sop_instance_uid: str, status: int) -> None:
        if status == SUCCESS or status in WARNINGS:
            self.received.add(sop_instance_uid)
            self.refused.pop(sop_instance_uid, None)
        elif sop_instance_uid not in self.received:
            self.refused[sop_instance_uid] = explain(status)
        self._tell()

    def _tell(self) -> None:
        self._progress(len(self.received) + len(self.refused))
