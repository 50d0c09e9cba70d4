"""Removing received images whose results are proven delivered: those files, and never anything else.

Result objects, heatmaps, the quarantine and every row of the ledger stay.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import structlog
from sqlalchemy import ColumnElement, TextClause, select, update

from service.storage.ledger.ledger import Ledger, Transaction
from service.storage.ledger.schema.few import HAS_IMAGES
from service.storage.ledger.schema.tables import studies
from service.storage.ledger.tables.deliveries import DeliveryState, Proof
from service.storage.ledger.tables.studies import IMAGES_ARE_REMOVED
from service.storage.store.port import InstanceStore
from service.study.model import ReceivedInstance, Study
from service.study.state import StudyState

log = structlog.get_logger()

_AT_ONCE = 1000


@dataclass(frozen=True, slots=True)
class Removal:
    """What of one study is, or would be, removed. `delivered_at`: when its results had all arrived."""

    study_instance_uid: str
    revision: int
    delivered_at: datetime
    images: int
    size_bytes: int


class ImageRetention:
    """Images are due `days` after the results of their study were delivered; 0 is at once."""

    def __init__(
        self,
        ledger: Ledger,
        store: InstanceStore,
        days: int,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
        setting: str = "retention.images_days",
    ) -> None:
        """`setting` is named as the reason."""
        self._ledger = ledger
        self._store = store
        self._days = days
        self._now = now
        self._setting = setting

    def due(self) -> list[str]:
        """Study Instance UIDs, the one delivered first being first. Raises LedgerUnavailable."""
        statement = (
            select(studies.c.study_instance_uid)
            .where(*self._may_have_images(), ~IMAGES_ARE_REMOVED)
            .order_by(studies.c.updated_at, studies.c.study_instance_uid)
        )
        with self._ledger.read() as tx:
            return list(tx.connection.scalars(statement))

    def look(self, study_instance_uid: str) -> Removal | None:
        """What `remove` would remove. Raises LedgerUnavailable."""
        with self._ledger.read() as tx:
            study = tx.studies.find(study_instance_uid)
            if study is None or not self._is_due(tx, study):
                return None
            return _removal(study, self._there(tx, study))

    def remove(self, study_instance_uid: str) -> Removal | None:
        """Remove the images of a study; None, and nothing is removed, where they are not due (any more).

        What is removed when this is interrupted is told to the study the next time. Raises LedgerUnavailable,
        StoreUnavailable.
        """
        with self._ledger.begin() as tx:
            study = tx.studies.lock(study_instance_uid)  # nobody makes it a new revision meanwhile
            if not self._is_due(tx, study):
                return None
            instances = self._there(tx, study)
            for instance in instances:
                self._store.delete(instance.key)
            removal = _removal(study, instances)
            tx.studies.images_removed(study_instance_uid, self._reason(removal))
        log.info("images removed", study_instance_uid=study_instance_uid, images=removal.images)
        return removal

    def turn(self) -> None:
        """Remove everything that is due. Raises as `remove`."""
        self._mark_removed()
        for study_instance_uid in self.due():
            self.remove(study_instance_uid)

    def make_room(self, free_bytes: int) -> None:
        """Remove what is due until so much space is free. Raises as `remove`."""
        due = iter(self.due()) if self._store.free_bytes() < free_bytes else iter(())
        for study_instance_uid in due:
            if self._store.free_bytes() >= free_bytes:
                return
            self.remove(study_instance_uid)

    def _mark_removed(self) -> None:
        """What a version that did not mark it has removed is not looked through again at every turn."""
        found = (
            select(studies.c.study_instance_uid)
            .where(*self._may_have_images(), IMAGES_ARE_REMOVED)
            .limit(_AT_ONCE)
            .with_for_update(of=studies)  # nobody makes it a new revision meanwhile
        )
        while True:
            with self._ledger.begin() as tx:
                uids = list(tx.connection.scalars(found))
                marked = update(studies).where(studies.c.study_instance_uid.in_(uids))
                tx.connection.execute(marked.values(images_removed_of=studies.c.revision))
            if len(uids) < _AT_ONCE:
                return

    def _may_have_images(self) -> tuple[ColumnElement[bool] | TextClause, ...]:
        return HAS_IMAGES, studies.c.updated_at <= self._before()

    def _before(self) -> datetime:
        return self._now() - timedelta(days=self._days)

    def _is_due(self, tx: Transaction, study: Study) -> bool:
        deliveries = tx.deliveries.of_study(study.study_instance_uid, study.revision)
        is_proven = all(
            one.state is DeliveryState.DELIVERED and one.proof is not Proof.NONE for one in deliveries
        )
        is_old = study.state is StudyState.DELIVERED and study.updated_at <= self._before()
        is_wanted = tx.analyses.is_read_in_shadow(study.study_instance_uid, study.revision)
        return is_old and is_proven and bool(deliveries) and not is_wanted

    def _there(self, tx: Transaction, study: Study) -> list[ReceivedInstance]:
        instances = tx.instances.of_study(study.study_instance_uid)
        return [instance for instance in instances if self._store.exists(instance.key)]

    def _reason(self, removal: Removal) -> str:
        images = "1 image was" if removal.images == 1 else f"{removal.images} images were"
        days = "1 day" if self._days == 1 else f"{self._days} days"
        when = f"{days} or more after" if self._days else "after"
        return (
            f"{images} removed here, {when} the results were delivered on "
            f"{removal.delivered_at:%Y-%m-%d} ({self._setting}); before a further image of this study "
            "can be analysed, all of them have to be sent again"
        )


def _removal(study: Study, instances: list[ReceivedInstance]) -> Removal:
    return Removal(
        study_instance_uid=study.study_instance_uid,
        revision=study.revision,
        delivered_at=study.updated_at,
        images=len(instances),
        size_bytes=sum(instance.size_bytes for instance in instances),
    )
