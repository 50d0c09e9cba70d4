"""A worklist manager that is asked by UPS-RS (PS3.18 section 11)."""

import json
from collections.abc import Collection
from urllib.parse import quote, urlencode

from pydicom.dataset import Dataset

from service.config import TaskManager
from service.dicom.quiet import quiet
from service.errors import NotOurs, PeerRefused, PeerUnavailable
from service.net.http import HttpClient, explain, is_passing
from service.net.qido import search
from service.perform.parse import RETURNED, is_ready, workitem_of
from service.perform.port import IN_PROGRESS, SCHEDULED
from service.study.workitem import Workitem, WorkitemCode

JSON = "application/dicom+json"
_ABSENT = (404, 410)
_CONFLICTS = (400, 409, *_ABSENT)
"""How managers say that a change does not fit the state or the Transaction UID (PS3.18 11.6.3, 11.7.3)."""


class UpsRs:
    """The port by HTTP. Raises ConfigurationError where certificates or the token cannot be read."""

    def __init__(self, settings: TaskManager, storable: Collection[str]) -> None:
        self._settings = settings
        self._storable = storable
        self._client = HttpClient(settings)
        self._url = f"{settings.url}/workitems"

    def scheduled(self, code: WorkitemCode) -> tuple[Workitem, ...]:
        """As in the port. A manager may ignore a key, so that what it finds is looked at again."""
        keys = {"ProcedureStepState": SCHEDULED, "ScheduledWorkitemCodeSequence.CodeValue": code.value}
        if self._settings.worklist_label:
            keys["WorklistLabel"] = self._settings.worklist_label
        matches = search(self._client, self._url, keys, RETURNED, "SOPInstanceUID")
        found = (workitem_of(match, self._storable) for match in matches if is_ready(match))
        return tuple(one for one in found if one and one.state == SCHEDULED and one.code.is_same(code))

    def find(self, workitem_uid: str) -> Workitem | None:
        """As in the port."""
        url = self._of(workitem_uid)
        status, _, body = self._client.send("GET", url, JSON)
        if status in _ABSENT:
            return None
        if status != 200:  # noqa: PLR2004 - OK
            raise _trouble(self._url, status)
        try:
            with quiet():
                answer = json.loads(body)
                found = Dataset.from_json(answer[0] if isinstance(answer, list) else answer)
        except Exception as error:  # a converter of foreign JSON raises anything, RecursionError too
            raise PeerUnavailable(
                f"{self._url} answered what is no DICOM JSON ({type(error).__name__}): look at url"
            ) from None
        if "SOPInstanceUID" not in found:  # it is in the address, and some managers leave it at that
            found.SOPInstanceUID = workitem_uid
        return workitem_of(found, self._storable)

    def claim(self, workitem_uid: str, transaction_uid: str) -> None:
        """As in the port."""
        self._change_state(workitem_uid, transaction_uid, IN_PROGRESS)

    def update(self, workitem_uid: str, transaction_uid: str, changes: Dataset) -> None:
        """As in the port. PS3.18 has the Transaction UID in the query, PS3.4 CC.2.6 among the attributes."""
        changes.TransactionUID = transaction_uid
        query = urlencode({"transaction": transaction_uid})
        self._send("POST", f"{self._of(workitem_uid)}?{query}", changes)

    def end(self, workitem_uid: str, transaction_uid: str, state: str) -> None:
        """As in the port."""
        self._change_state(workitem_uid, transaction_uid, state)

    def _change_state(self, workitem_uid: str, transaction_uid: str, state: str) -> None:
        action = Dataset()
        action.TransactionUID, action.ProcedureStepState = transaction_uid, state
        requester = self._settings.requester
        path = f"state/{quote(requester, safe='')}" if requester else "state"
        self._send("PUT", f"{self._of(workitem_uid)}/{path}", action)

    def _send(self, method: str, url: str, changes: Dataset) -> None:
        body = json.dumps(changes.to_json_dict()).encode()
        status, _, _ = self._client.send(method, url, JSON, body, {"Content-Type": JSON})
        if status in _CONFLICTS:
            raise NotOurs(
                f"{self._url} answered HTTP {status}: the workitem is not ours to change, or not so"
            )
        if status not in range(200, 300):
            raise _trouble(self._url, status)

    def _of(self, workitem_uid: str) -> str:
        return f"{self._url}/{workitem_uid}"


def _trouble(url: str, status: int) -> PeerUnavailable:
    kind = PeerUnavailable if is_passing(status) else PeerRefused
    return kind(f"{url} answered {explain(status)}")
