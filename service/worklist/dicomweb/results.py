"""Result objects as search results: what the ledger says of them, and what stands in their headers."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from functools import lru_cache

from pydicom.datadict import dictionary_VR
from pydicom.dataset import Dataset

from service.dicom.header import read_header_for_display
from service.dicom.values import texts
from service.errors import Refused
from service.storage.ledger.tables.deliveries import StoredObject
from service.storage.store.port import InstanceStore
from service.study.model import Study
from service.worklist.dicomweb.asked import Search
from service.worklist.dicomweb.dicom_json import NO_TEXT
from service.worklist.dicomweb.levels import INSTANCES, SERIES, STUDIES, Level

_HEADERS = 1024
Found = dict[str, tuple[str, ...]]
_OF_UTF8 = ("ISO_IR 192",)


class Results:
    """Describes objects. They never change under their key, so headers are kept in memory."""

    def __init__(self, store: InstanceStore) -> None:
        self._store = store
        self._kept = lru_cache(maxsize=_HEADERS)(self._read)

    def study(self, study: Study, objects: Sequence[StoredObject], search: Search, url: str) -> Found:
        """A study of which there are `objects`. `url` is that of all studies."""
        series = _by_series(objects)
        headers = [self._header(of_series[0]) for of_series in series.values()]
        modalities = {modality for header in headers for modality in texts(header, "Modality")}
        header, known = study.header, next(iter(headers), Dataset())
        described = "StudyDescription" in search.included and header.study_description
        further: Found = {"StudyDescription": (header.study_description,)} if described else {}
        return (
            _chosen(STUDIES, search, known)
            | further
            | {
                "StudyInstanceUID": (study.study_instance_uid,),
                "PatientName": _some(header.patient_name),
                "PatientID": _some(header.patient_id),
                "PatientBirthDate": _some(header.patient_birth_date),
                "PatientSex": _some(header.patient_sex),
                "AccessionNumber": _some(header.accession_number),
                "StudyDate": _some(header.study_date),
                "StudyTime": _some(header.study_time),
                "ModalitiesInStudy": tuple(sorted(modalities)),
                "NumberOfStudyRelatedSeries": (str(len(series)),),
                "NumberOfStudyRelatedInstances": (str(len(objects)),),
                "InstanceAvailability": ("ONLINE" if all(headers) else "UNAVAILABLE",),
                "RetrieveURL": (f"{url}/{study.study_instance_uid}",),
            }
        )

    def series(self, objects: Sequence[StoredObject], search: Search, url: str) -> Iterator[Found]:
        """The series of a study's objects that match. `url` is that of all studies."""
        for uid, of_series in _by_series(objects).items():
            found = _chosen(SERIES, search, self._header(of_series[0])) | {
                "StudyInstanceUID": (of_series[0].study_instance_uid,),
                "SeriesInstanceUID": (uid,),
                "NumberOfSeriesRelatedInstances": (str(len(of_series)),),
                "RetrieveURL": (f"{url}/{of_series[0].study_instance_uid}/series/{uid}",),
            }
            if _matches(found, search):
                yield found

    def instances(self, objects: Sequence[StoredObject], search: Search, url: str) -> Iterator[Found]:
        """Those of a study's objects that match. `url` is that of all studies."""
        for stored in objects:
            header = self._header(stored)
            found = _chosen(INSTANCES, search, header) | {
                "StudyInstanceUID": (stored.study_instance_uid,),
                "SeriesInstanceUID": (stored.series_instance_uid,),
                "SOPInstanceUID": (stored.sop_instance_uid,),
                "SOPClassUID": (stored.sop_class_uid,),
                "InstanceAvailability": ("ONLINE" if header else "UNAVAILABLE",),
                "RetrieveURL": (f"{url}/{path_of(stored)}",),
            }
            if _matches(found, search):
                yield found

    def _header(self, stored: StoredObject) -> Dataset:
        """Empty where the store has lost the object."""
        try:
            return self._kept(stored.key)
        except (KeyError, Refused):
            return Dataset()

    def _read(self, key: str) -> Dataset:
        with self._store.open(key) as file:
            return read_header_for_display(file)


def path_of(stored: StoredObject) -> str:
    """Below the address of all studies."""
    series = f"{stored.study_instance_uid}/series/{stored.series_instance_uid}"
    return f"{series}/instances/{stored.sop_instance_uid}"


def _by_series(objects: Iterable[StoredObject]) -> dict[str, list[StoredObject]]:
    series: dict[str, list[StoredObject]] = defaultdict(list)
    for stored in objects:
        series[stored.series_instance_uid].append(stored)
    return series


def _chosen(level: Level, search: Search, header: Dataset) -> Found:
    """What a level always returns, empty where it has no value, and what else is asked for and is there."""
    always = {keyword: texts(header, keyword) for keyword in level.always}
    further = {keyword: texts(header, keyword) for keyword in search.included if _is_text(keyword)}
    return {keyword: values for keyword, values in further.items() if values} | always | _CHARACTER_SET


def _is_text(keyword: str) -> bool:
    return dictionary_VR(keyword).split(" or ")[0] not in NO_TEXT


def _matches(found: Found, search: Search) -> bool:
    return all(set(values) & set(found.get(keyword, ())) for keyword, values in search.keys.items())


def _some(value: str) -> tuple[str, ...]:
    return (value,) if value else ()


_CHARACTER_SET: Found = {"SpecificCharacterSet": _OF_UTF8}
