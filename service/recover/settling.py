"""What becomes of studies whose instances are entered from the store, in the same transaction."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from service.recover.found import Found
from service.recover.study_files import StudyFiles
from service.storage.ledger.ledger import Transaction
from service.storage.ledger.steps.ask_again import ask_again
from service.storage.ledger.steps.restore_study import raise_revision, received_then, restore_records
from service.storage.store.report_records import ReportRecord
from service.study.model import Study, StudyHeader
from service.study.state import StudyEvent, StudyState

NEVER_AGAIN = (
    "what was done with it before, seen and said of it, and where results went is not known any more"
)
ANEW = f"found in the store after the ledger was lost, and analysed as if it had just come; {NEVER_AGAIN}"
RESULTS_ANEW = (
    "found in the store after the ledger was lost, with the results of that time: the same objects are sent "
    f"again; {NEVER_AGAIN}"
)
BEHIND = "the store has results that this older ledger did not know: the same objects are sent again"
KEPT = "found in the store after the ledger was lost; `preread retry` has it analysed"
KEPT_WITH_RESULTS = (
    "found in the store after the ledger was lost, with the results of that time; `preread retry` has them "
    "sent again"
)
TAKEN_UP = "found in the store, and asked for by an operator"


@dataclass(frozen=True, slots=True)
class Rules:
    """Studies whose last image came at `since` or later are analysed again; older ones are kept as they are.

    `asks_again`: what studies of the ledger wait for is asked for once more, since the broker may not know of
    it.
    """

    since: datetime
    asks_again: bool = False


class Settling:
    """Some studies. `look` comes before their instances are entered, `settle` afterwards."""

    def __init__(
        self,
        rules: Rules,
        studies: Sequence[StudyFiles],
        records: Mapping[str, Sequence[ReportRecord]],
        headers: Mapping[str, StudyHeader],
    ) -> None:
        """`records`, and `headers` of what the ledger does not have, are by Study Instance UID."""
        self._rules = rules
        self._studies = sorted(studies, key=lambda one: one.study_instance_uid)
        self._records = records
        self._headers = headers
        self._before: dict[str, Study] = {}
        self.found = Found()

    def look(self, tx: Transaction) -> None:
        """Remember, and hold, what the ledger knows: one study after the other in the order of all."""
        for one in self._studies:
            if tx.studies.find(one.study_instance_uid) is not None:
                self._before[one.study_instance_uid] = tx.studies.lock(one.study_instance_uid)

    def settle(self, tx: Transaction) -> None:
        """Have each study where it belongs."""
        for one in self._studies:
            study = tx.studies.find(one.study_instance_uid)
            if study is None:
                continue  # none of its files could be entered
            self.found.studies += 1
            restored = restore_records(tx, self._records.get(one.study_instance_uid, ()))
            before = self._before.get(one.study_instance_uid)
            if before is None:
                self._new(tx, one, restored)
            elif restored:
                self._behind(tx, study, restored)
            elif study.state is StudyState.KEPT and one.newest_at >= self._rules.since:
                tx.studies.move(one.study_instance_uid, StudyEvent.RETRIED, TAKEN_UP)
                self.found.taken_up += 1
            elif self._rules.asks_again and ask_again(tx, study):
                self.found.asked_again += 1

    def _new(self, tx: Transaction, files: StudyFiles, restored: Sequence[ReportRecord]) -> None:
        uid, newest = files.study_instance_uid, _newest(restored)
        if files.newest_at >= self._rules.since:
            raise_revision(tx, uid, newest + 1)
            tx.studies.note(uid, StudyEvent.FOUND_IN_STORE, RESULTS_ANEW if restored else ANEW)
            self.found.analysed_again += 1
            return
        raise_revision(tx, uid, newest)
        tx.studies.describe(uid, self._headers.get(uid, StudyHeader()))
        tx.studies.move(uid, StudyEvent.FOUND_IN_STORE, KEPT_WITH_RESULTS if restored else KEPT)
        received_then(tx, uid, files.newest_at)
        self.found.kept += 1
        self.found.kept_without_report += not restored

    def _behind(self, tx: Transaction, study: Study, restored: Sequence[ReportRecord]) -> None:
        uid, newest = study.study_instance_uid, _newest(restored)
        if study.state is not StudyState.RECEIVED:
            tx.studies.move(uid, StudyEvent.INSTANCE_RECEIVED, BEHIND)
        # Beyond all that the store knows of, so that nothing of then is taken for what is done now.
        raise_revision(tx, uid, newest + 1)
        tx.studies.note(uid, StudyEvent.FOUND_IN_STORE, BEHIND)
        self.found.caught_up += 1


def _newest(records: Sequence[ReportRecord]) -> int:
    return max((one.analysis.revision for one in records), default=0)
