"""C-GET and C-MOVE of the Study Root model (PS3.4 C.4.2, C.4.3), on an association that is there."""

from collections.abc import Iterator
from typing import Any

from pydicom.dataset import Dataset

from service.dicom.quiet import quiet
from service.dicom.values import texts
from service.fetch.association import Association
from service.fetch.transfer import Transfer
from service.net.retrieve_status import PENDING, SUCCESS, WARNING, describe

STUDY_ROOT_MOVE = "1.2.840.10008.5.1.4.1.2.2.2"
STUDY_ROOT_GET = "1.2.840.10008.5.1.4.1.2.2.3"
_NOT_SENT = "the PACS could not send it, or Preread did not take it: the logs of both say why"


def get_series(association: Association, study_uid: str, series_uid: str, transfer: Transfer) -> None:
    """Have one series sent over this association. Raises PeerUnavailable when it ends."""
    responses = association.assoc.send_c_get(_series(study_uid, series_uid), STUDY_ROOT_GET)
    for status, identifier in _until_final(association, responses):
        _conclude(status, identifier, transfer)


def move_series(
    association: Association, study_uid: str, series_uid: str, destination: str, transfer: Transfer
) -> None:
    """Have one series sent to the AE title `destination`. Raises PeerUnavailable when it ends."""
    counted = 0
    identifier = _series(study_uid, series_uid)
    responses = association.assoc.send_c_move(identifier, destination, STUDY_ROOT_MOVE)
    for status, failed in _until_final(association, responses):
        sent = _number(status, "NumberOfCompletedSuboperations") + _number(
            status, "NumberOfWarningSuboperations"
        )
        transfer.counted(max(0, sent - counted))
        counted = max(counted, sent)
        _conclude(status, failed, transfer)


def _series(study_uid: str, series_uid: str) -> Dataset:
    identifier = Dataset()
    identifier.QueryRetrieveLevel = "SERIES"
    identifier.StudyInstanceUID = study_uid
    identifier.SeriesInstanceUID = series_uid
    return identifier


def _until_final(association: Association, responses: Any) -> Iterator[tuple[Dataset, Dataset | None]]:
    try:
        with quiet():
            for status, identifier in responses:
                if "Status" not in status:
                    raise association.broken()
                yield status, identifier
    except RuntimeError:  # pynetdicom's word for an association that has ended meanwhile
        raise association.broken() from None


def _conclude(status: Dataset, identifier: Dataset | None, transfer: Transfer) -> None:
    if status.Status in PENDING:
        return
    if identifier is not None:
        for uid in texts(identifier, "FailedSOPInstanceUIDList"):
            transfer.refuse(uid, _NOT_SENT)
    if status.Status not in (SUCCESS, WARNING):
        transfer.problem(f"the PACS did not send a series: {describe(status.Status)}")


def _number(status: Dataset, keyword: str) -> int:
    return int(status.get(keyword) or 0)
