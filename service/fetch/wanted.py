"""Which instances of a study in the PACS are for us: images, and none that Preread has made itself."""

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass

from service.fetch.found import FoundInstance

NOT_IMAGES = frozenset(
    {"AU", "DOC", "FID", "KO", "PLAN", "PR", "REG", "RTDOSE", "RTPLAN", "RTSTRUCT", "SEG", "SR"}
)
"""Modalities (PS3.3 C.7.3.1.1.1) of objects that we do not store, for a PACS that tells no SOP Classes."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """What we take. `storable` maps SOP Class UIDs to transfer syntaxes.

    `own_series` gives the Series Instance UIDs of our own results for a study: they are not fetched, as they
    would make the study one with new images, and not counted, as it would wait for them for ever.
    """

    storable: Mapping[str, tuple[str, ...]]
    own_series: Callable[[str], Collection[str]]
    series: Collection[str] = ()
    """Series Instance UIDs outside which nothing is wanted; empty: the whole study."""

    def is_storable(self, instance: FoundInstance) -> bool:
        """Whether we want such an instance, and store it."""
        if self.series and instance.series_instance_uid not in self.series:
            return False
        if instance.sop_class_uid:
            return instance.sop_class_uid in self.storable
        return instance.modality not in NOT_IMAGES
