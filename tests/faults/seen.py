"""What is seen of a study from outside: in the PACS, in the ledger and in the store."""

from collections.abc import Mapping
from dataclasses import dataclass

from service.study.state import StudyState


@dataclass(frozen=True, slots=True)
class Report:
    """One SR in the PACS. A classifier's reports of one study are one series."""

    uid: str
    series_uid: str
    images: frozenset[str]
    heatmaps: frozenset[str]
    predecessors: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Heatmap:
    """One secondary capture in the PACS, and the image that it is of."""

    uid: str
    image: str


@dataclass(frozen=True, slots=True)
class Held:
    """What the PACS holds of one study."""

    reports: tuple[Report, ...] = ()
    heatmaps: tuple[Heatmap, ...] = ()


@dataclass(frozen=True, slots=True)
class Entered:
    """What the ledger says of one study; `digests` are of the pixels in the store, by SOP Instance UID."""

    state: StudyState | None = None
    reason: str = ""
    digests: Mapping[str, str] | None = None
