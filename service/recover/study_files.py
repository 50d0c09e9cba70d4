"""The received files of the instance store, study by study, some studies at a time."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from itertools import groupby

from service.recover.stored import study_of
from service.storage.store.port import Kept

BATCH = 64
"""Files at least that are looked at together: they share a transaction of the ledger."""


@dataclass(frozen=True, slots=True)
class StudyFiles:
    """All files in the folder of a study."""

    study_instance_uid: str
    files: tuple[Kept, ...]

    @property
    def newest_at(self) -> datetime:
        """When the last of them was written."""
        return max(one.written_at for one in self.files)


def batches(kept: Iterable[Kept], files: int = BATCH) -> Iterator[list[StudyFiles]]:
    """Whole studies, together so many files at least. `kept` has the files of one study in one row."""
    batch: list[StudyFiles] = []
    for study_instance_uid, of_study in groupby(kept, key=lambda one: study_of(one.key)):
        batch.append(StudyFiles(study_instance_uid, tuple(of_study)))
        if sum(len(one.files) for one in batch) >= files:
            yield batch
            batch = []
    if batch:
        yield batch
