"""Journal first, then the answer: file and ledger entry follow, made by the settler in groups.

So a scanner waits for one flush, and receiving goes on while the database is away.
"""

from service.accept.instance.arrival import Arrival
from service.accept.instance.entry import named
from service.accept.intake.journal_record import encoded
from service.accept.intake.settler import Settler
from service.storage.journal.draft import Draft
from service.storage.journal.journal import Journal
from service.study.model import ReceivedInstance


class JournalIntake:
    """Appends to `journal`, and tells `settler`.

    The bytes of a large instance stream into the store; their journal record only names them. Those of a
    small one are in its record, and the settler names them.
    """

    def __init__(self, journal: Journal, settler: Settler) -> None:
        self._journal = journal
        self._settler = settler

    def begin(self) -> Draft | None:
        """A place in the journal, while there is one. Raises OutOfSpace, StoreUnavailable."""
        return self._journal.begin()

    def take(self, arrival: Arrival, instance: ReceivedInstance) -> None:
        """Raises OutOfSpace, StoreUnavailable."""
        draft = arrival.draft
        if draft is None:
            instance = named(instance, arrival.digest())
            arrival.keep_as(instance.key)
            record = self._journal.append(encoded(instance))
        else:
            record = draft.commit(encoded(instance, arrival.head()))
        self._settler.add(record, instance)

    def released(self, study_instance_uid: str) -> None:
        """Pass it on behind the instances that came before."""
        self._settler.released(study_instance_uid)

    def is_settling(self) -> bool:
        """Whether the settler has something to do."""
        return self._settler.waiting > 0

    def trouble(self) -> str:
        """What the settler meets."""
        return self._settler.trouble
