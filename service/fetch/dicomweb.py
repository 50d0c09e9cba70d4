"""A PACS that is asked by DICOMweb."""

from collections.abc import Collection, Sequence

from service.config import DicomWebSource
from service.fetch.found import (
    INSTANCE_KEYWORDS,
    SERIES_KEYWORDS,
    STUDY_KEYWORDS,
    FoundInstance,
    FoundSeries,
    FoundStudy,
    found_instance,
    found_series,
    found_study,
)
from service.fetch.query import StudyQuery
from service.fetch.transfer import Transfer
from service.fetch.wado import retrieve_series
from service.net.http import HttpClient
from service.net.qido import search


class DicomWebArchive:
    """QIDO-RS and WADO-RS. `deadline`, of `time.monotonic`, ends every call.

    Raises ConfigurationError where the certificates or the token cannot be read.
    """

    def __init__(self, settings: DicomWebSource, deadline: float | None = None) -> None:
        self._client = HttpClient(settings, deadline)
        self._qido_url = settings.qido_url
        self._wado_url = settings.wado_url or settings.qido_url

    def find_studies(self, query: StudyQuery) -> tuple[FoundStudy, ...]:
        """As in the port."""
        url = f"{self._qido_url}/studies"
        matches = search(self._client, url, query.keys(), STUDY_KEYWORDS, "StudyInstanceUID")
        return tuple(
            study for study in map(found_study, matches) if study is not None and query.matches(study)
        )

    def find_instances(
        self, study_instance_uid: str, without_series: Collection[str] = ()
    ) -> tuple[FoundInstance, ...]:
        """As in the port."""
        url = f"{self._qido_url}/studies/{study_instance_uid}/series"
        matches = search(self._client, url, {}, SERIES_KEYWORDS, "SeriesInstanceUID")
        instances: dict[str, FoundInstance] = {}
        for series in map(found_series, matches):
            if series is not None and series.series_instance_uid not in without_series:
                for one in self._instances(url, series):
                    instances[one.sop_instance_uid] = one
        return tuple(instances.values())

    def retrieve(
        self, study_instance_uid: str, instances: Sequence[FoundInstance], transfer: Transfer
    ) -> None:
        """As in the port."""
        for series_uid in dict.fromkeys(one.series_instance_uid for one in instances):
            url = f"{self._wado_url}/studies/{study_instance_uid}/series/{series_uid}"
            retrieve_series(self._client, url, transfer)
            if transfer.failure is not None:
                return

    def _instances(self, url: str, series: FoundSeries) -> list[FoundInstance]:
        of_series = f"{url}/{series.series_instance_uid}/instances"
        matches = search(self._client, of_series, {}, INSTANCE_KEYWORDS, "SOPInstanceUID")
        return [one for one in (found_instance(match, series) for match in matches) if one is not None]
