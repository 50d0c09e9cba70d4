"""What a badge in another system's list says of a study."""

from dataclasses import dataclass, field

from service.study.model import Priority


@dataclass(frozen=True, slots=True)
class Badge:
    """What a badge says of a study. Without a score `probability` and `threshold` are None, and `label` says
    what stands in its place. `outdated`: more images have come since.
    """

    study_instance_uid: str
    accession_number: str
    state: str
    label: str
    reason: str
    priority: Priority
    research: bool
    classifier: str
    probability: float | None
    threshold: float | None
    positive: bool
    category: str
    laterality: str
    outdated: bool


@dataclass(frozen=True, slots=True)
class Badges:
    """Those of the studies that are known here; others are left out.

    `words`: what the script of the badges says by itself, by its English words, in the language asked for;
    empty for English.
    """

    studies: tuple[Badge, ...]
    words: dict[str, str] = field(default_factory=dict)
