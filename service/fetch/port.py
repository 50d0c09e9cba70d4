"""What fetching asks of a PACS, and of whoever takes what comes from it."""

from collections.abc import Collection, Sequence
from typing import Protocol

from service.fetch.found import FoundInstance, FoundStudy
from service.fetch.query import StudyQuery
from service.fetch.transfer import Transfer


class Archive(Protocol):
    """A PACS. All methods raise PeerUnavailable when it is away, rejects, breaks off or answers nonsense."""

    def find_studies(self, query: StudyQuery) -> tuple[FoundStudy, ...]:
        """The studies that match, each once."""
        ...

    def find_instances(
        self, study_instance_uid: str, without_series: Collection[str] = ()
    ) -> tuple[FoundInstance, ...]:
        """All instances of a study but those of some series, each once; none where it has no such study."""
        ...

    def retrieve(
        self, study_instance_uid: str, instances: Sequence[FoundInstance], transfer: Transfer
    ) -> None:
        """Have the series of `instances` sent; tell `transfer` of everything that comes or fails."""
        ...
