"""A PACS that is asked by DIMSE."""

from collections.abc import Collection, Iterable, Mapping, Sequence

from service.errors import PeerUnavailable
from service.fetch.association import UNCOMPRESSED, Association, associate
from service.fetch.c_retrieve import STUDY_ROOT_GET, STUDY_ROOT_MOVE, get_series, move_series
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
from service.fetch.get_contexts import get_contexts
from service.fetch.peer import Peer
from service.fetch.query import StudyQuery
from service.fetch.to_disk import DatasetsToDisk
from service.fetch.transfer import Transfer
from service.net.c_find import STUDY_ROOT_FIND, find


class DimseArchive:
    """C-FIND, and C-GET or, with a `move_destination`, C-MOVE. Each call is one association.

    `storable` maps the storage SOP Classes that we take to their transfer syntaxes; `deadline`, of
    `time.monotonic`, ends every call.
    """

    def __init__(
        self,
        peer: Peer,
        storable: Mapping[str, tuple[str, ...]],
        move_destination: str | None = None,
        deadline: float | None = None,
    ) -> None:
        self._peer = peer
        self._storable = storable
        self._move_destination = move_destination
        self._deadline = deadline

    def find_studies(self, query: StudyQuery) -> tuple[FoundStudy, ...]:
        """As in the port."""
        with associate(self._peer, [(STUDY_ROOT_FIND, UNCOMPRESSED)], deadline=self._deadline) as association:
            self._require(association, STUDY_ROOT_FIND, "C-FIND")
            matches = find(association, self._peer, "STUDY", query.keys(), STUDY_KEYWORDS)
        studies = filter(None, map(found_study, matches))
        return tuple({study.study_instance_uid: study for study in studies if query.matches(study)}.values())

    def find_instances(
        self, study_instance_uid: str, without_series: Collection[str] = ()
    ) -> tuple[FoundInstance, ...]:
        """As in the port: the series first, then the instances of each (PS3.4 C.4.1.3.1.1)."""
        with associate(self._peer, [(STUDY_ROOT_FIND, UNCOMPRESSED)], deadline=self._deadline) as association:
            self._require(association, STUDY_ROOT_FIND, "C-FIND")
            instances: dict[str, FoundInstance] = {}
            for series in self._series(association, study_instance_uid):
                if series.series_instance_uid not in without_series:
                    for one in self._instances(association, study_instance_uid, series):
                        instances[one.sop_instance_uid] = one
        return tuple(instances.values())

    def retrieve(
        self, study_instance_uid: str, instances: Sequence[FoundInstance], transfer: Transfer
    ) -> None:
        """As in the port."""
        series = dict.fromkeys(one.series_instance_uid for one in instances)
        if self._move_destination is not None:
            self._move(study_instance_uid, series, self._move_destination, transfer)
        else:
            self._get(study_instance_uid, series, {one.sop_class_uid for one in instances}, transfer)

    def _get(
        self, study_uid: str, series: Iterable[str], sop_class_uids: set[str], transfer: Transfer
    ) -> None:
        contexts, roles = get_contexts(sop_class_uids, self._storable)
        to_disk = DatasetsToDisk(transfer)
        with associate(self._peer, contexts, roles, to_disk.store, self._deadline) as association:
            to_disk.attach(association.assoc)
            self._require(association, STUDY_ROOT_GET, "C-GET (retrieve = c-move may be what it offers)")
            if not any(association.accepts(uid, as_scp=True) for uid in roles):
                raise PeerUnavailable(
                    f"{self._peer} does not send over the association of a C-GET: allow our AE title the "
                    "role of a storage SCP there, or set retrieve = c-move"
                )
            for series_uid in series:
                get_series(association, study_uid, series_uid, transfer)

    def _move(self, study_uid: str, series: Iterable[str], destination: str, transfer: Transfer) -> None:
        transfer.destination = destination
        with associate(self._peer, [(STUDY_ROOT_MOVE, UNCOMPRESSED)], deadline=self._deadline) as association:
            self._require(association, STUDY_ROOT_MOVE, "C-MOVE")
            for series_uid in series:
                move_series(association, study_uid, series_uid, destination, transfer)

    def _series(self, association: Association, study_uid: str) -> list[FoundSeries]:
        keys = {"StudyInstanceUID": study_uid}
        matches = find(association, self._peer, "SERIES", keys, SERIES_KEYWORDS)
        return list(filter(None, map(found_series, matches)))

    def _instances(
        self, association: Association, study_uid: str, series: FoundSeries
    ) -> list[FoundInstance]:
        keys = {"StudyInstanceUID": study_uid, "SeriesInstanceUID": series.series_instance_uid}
        matches = find(association, self._peer, "IMAGE", keys, INSTANCE_KEYWORDS)
        return list(filter(None, (found_instance(match, series) for match in matches)))

    def _require(self, association: Association, model: str, service: str) -> None:
        if not association.accepts(model):
            raise PeerUnavailable(
                f"{self._peer} does not offer us {service} of the Study Root model: allow it for our AE "
                f"title {self._peer.calling_ae_title} there"
            )
