"""Studies that have gone quiet become complete: their headers are read and they move on."""

from datetime import UTC, datetime, timedelta

import structlog
from pydicom.dataset import Dataset

from service.dicom.header import read_header, study_header
from service.errors import Refused
from service.storage.each_study import each_study
from service.storage.ledger import Ledger
from service.storage.port import InstanceStore
from service.study.model import ReceivedInstance, Study
from service.study.state import StudyEvent, StudyState

log = structlog.get_logger()


class Assembler:
    """Looks for studies without a new instance for the quiet period."""

    def __init__(self, ledger: Ledger, store: InstanceStore, quiet_period_s: float) -> None:
        self._ledger = ledger
        self._store = store
        self._quiet_period = timedelta(seconds=quiet_period_s)

    def assemble_quiet(self) -> int:
        """Move every quiet study on. Returns how many."""
        with self._ledger.read() as tx:
            quiet = tx.studies.quiet_since(datetime.now(UTC) - self._quiet_period)
        return each_study(self._ledger, quiet, self._assemble)

    def _assemble(self, study: Study) -> bool:
        with self._ledger.read() as tx:
            instances = tx.instances.of_study(study.study_instance_uid)
        headers = [header for header in map(self._header, instances) if header is not None]
        with self._ledger.begin() as tx:
            now = tx.studies.lock(study.study_instance_uid)
            if (now.state, now.instance_count) != (StudyState.RECEIVED, len(instances)):
                return False  # an image came while the headers were read: it is not quiet yet
            tx.studies.describe(study.study_instance_uid, study_header(headers))
            tx.studies.move(
                study.study_instance_uid,
                StudyEvent.QUIET_PERIOD_OVER,
                f"complete: {len(instances)} images, none new for {self._quiet_period.total_seconds():g} s",
            )
        log.info("study assembled", study_instance_uid=study.study_instance_uid, instances=len(instances))
        return True

    def _header(self, instance: ReceivedInstance) -> Dataset | None:
        """The header; None where it cannot be read: the worker then says so for that image alone."""
        try:
            return read_header(self._store.get(instance.key))
        except (Refused, KeyError) as error:
            log.warning(
                "header not readable", sop_instance_uid=instance.sop_instance_uid, error=type(error).__name__
            )
            return None
