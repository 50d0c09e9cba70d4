"""The headers of instances, each read once: a waiting study of 2000 images is not read again each second."""

from collections import OrderedDict
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import BinaryIO

import structlog
from pydicom.dataset import Dataset

from service.assemble.facts import InstanceFacts
from service.dicom.charset import NO_CHARACTER_SETS
from service.dicom.header import instance_header, read_header_for_display, study_header
from service.dicom.mammography import mammography_view
from service.dicom.quiet import quiet
from service.dicom.values import integer
from service.errors import Refused
from service.storage.store.port import InstanceStore
from service.study.model import InstanceHeader, ReceivedInstance

log = structlog.get_logger()

MAX_HEADERS = 10_000
"""Instances whose facts are kept in memory, about 2 KB each. The ones used longest ago are dropped first."""


class Headers:
    """Reads the facts of instances and remembers them by the key of their bytes, which never change.

    `character_sets` holds, by calling AE title, those that senders use whatever they declare.
    """

    def __init__(
        self,
        store: InstanceStore,
        keywords: Sequence[str],
        max_headers: int = MAX_HEADERS,
        character_sets: Mapping[str, str] = NO_CHARACTER_SETS,
    ) -> None:
        self._store = store
        self._keywords = keywords
        self._character_sets = character_sets
        self._max_headers = max_headers
        self._known: OrderedDict[str, InstanceFacts | None] = OrderedDict()

    def facts_of(self, instance: ReceivedInstance) -> InstanceFacts | None:
        """The facts; None where the header cannot be read: the worker then says so for that image alone."""
        if instance.key in self._known:
            self._known.move_to_end(instance.key)
            return self._known[instance.key]
        facts: InstanceFacts | None = None
        try:
            with self._store.open(instance.key) as file:
                facts = self._read(file, instance)
        except KeyError:
            _warn(instance, "its bytes are gone")
            return None  # not remembered: they may come back
        except Refused as error:
            _warn(instance, type(error).__name__)
        self._known[instance.key] = facts
        if len(self._known) > self._max_headers:
            self._known.popitem(last=False)
        return facts

    def header_of(self, instance: ReceivedInstance) -> InstanceHeader | None:
        """What routing asks of an instance; None where the header cannot be read."""
        facts = self.facts_of(instance)
        return facts.header if facts else None

    def _read(self, file: BinaryIO, instance: ReceivedInstance) -> InstanceFacts:
        ds = read_header_for_display(file, self._character_sets.get(instance.calling_ae_title, ""))
        with quiet():
            return InstanceFacts(
                header=replace(
                    instance_header(ds, self._keywords),
                    calling_ae_title=instance.calling_ae_title,
                    called_ae_title=instance.called_ae_title,
                    series_instance_uid=instance.series_instance_uid,
                ),
                study=study_header([ds]),
                view=mammography_view(ds),
                announced_count=_count(ds, "NumberOfStudyRelatedInstances"),
                announced_in_series=_count(ds, "NumberOfSeriesRelatedInstances"),
            )


def _count(ds: Dataset, keyword: str) -> int | None:
    count = integer(ds, keyword)
    return count if count is not None and count > 0 else None


def _warn(instance: ReceivedInstance, why: str) -> None:
    log.warning("header not readable", sop_instance_uid=instance.sop_instance_uid, error=why)
