"""Releasing from the quarantine: a dataset is received once more, here, on a person's word.

It goes the way that every instance goes, but for the network: so the service may run meanwhile, or not.
"""

from collections.abc import Callable
from typing import BinaryIO

from service.accept.instance.receiver import InstanceReceiver
from service.accept.instance.request import StoreRequest
from service.accept.instance.status import StoreStatus
from service.accept.quarantine.entry import QuarantineEntry
from service.dicom.file import go_to_dataset, pieces, read_file_identity
from service.dicom.identity import Identity
from service.errors import (
    MissingAttribute,
    NotDicom,
    PrereadError,
    Refused,
    Retryable,
    StoreUnavailable,
    UIDMismatch,
    UnsafeUID,
)
from service.storage.store.port import InstanceStore
from service.study.model import ReceivedInstance

UNREADABLE = {error.__name__ for error in (NotDicom, MissingAttribute, UnsafeUID)}

FindEntered = Callable[[str], ReceivedInstance | None]
"""The instance that the ledger has under a SOP Instance UID. Raises LedgerUnavailable."""


class Releaser:
    """`receiver` is to enter what it receives in place of other content under the same UID."""

    def __init__(
        self, store: InstanceStore, receiver: InstanceReceiver, find: FindEntered, max_bytes: int
    ) -> None:
        self._store = store
        self._receiver = receiver
        self._find = find
        self._max_bytes = max_bytes

    def release(self, entry: QuarantineEntry, *, as_is: bool) -> None:
        """Have the instance in the ledger; it stays in the quarantine, too, until that is forgotten.

        What is kept under its UID goes to the quarantine instead. `as_is`: take the UIDs of the dataset where
        its sender had named others. Raises Refused where it cannot be released, Retryable where that may
        change, KeyError where the file is gone.
        """
        _check(entry, as_is=as_is)
        with self._store.open(entry.key) as file:
            identity, transfer_syntax_uid = read_file_identity(file, self._max_bytes)
            self._check_study(identity)
            request = StoreRequest(
                identity.sop_class_uid, identity.sop_instance_uid, transfer_syntax_uid, entry.calling_ae_title
            )
            digest = self._receive(request, file)
        entered = self._find(identity.sop_instance_uid)
        if entered is None or entered.digest != digest:
            raise Retryable(
                "the instance that is kept was received at a later time than this machine's clock shows, "
                "so it stays; check the clocks of the machines that receive"
            )

    def _receive(self, request: StoreRequest, file: BinaryIO) -> str:
        """Receive the dataset of an open file, which is never in memory as a whole. Returns its digest."""
        go_to_dataset(file)
        arrival = self._receiver.begin(request)
        try:
            for piece in pieces(file):
                arrival.write(piece)
        except StoreUnavailable:
            arrival.abort()
            raise
        status = self._receiver.finish(arrival)
        if status != StoreStatus.SUCCESS:
            raise _refusal(status)
        return arrival.digest()

    def _check_study(self, identity: Identity) -> None:
        entered = self._find(identity.sop_instance_uid)
        if entered is not None and entered.study_instance_uid != identity.study_instance_uid:
            raise Refused(
                "an instance of another study is kept under this SOP Instance UID, and two studies cannot "
                "have the same one: its sender has to give it a new SOP Instance UID"
            )


def _check(entry: QuarantineEntry, *, as_is: bool) -> None:
    """Raises Refused for what would only be refused again."""
    if entry.error in UNREADABLE:
        raise Refused(
            f"this dataset cannot be released, since it cannot be kept: {entry.reason}. Have it sent again "
            "once its sender is mended, or discard it"
        )
    if entry.error == UIDMismatch.__name__ and not as_is:
        raise Refused(
            f"{entry.reason}. If the UIDs of the dataset are the right ones, release it with --as-is"
        )


def _refusal(status: StoreStatus) -> PrereadError:
    said = f"it was not received (0x{status:04X}, the log says why); it stays in the quarantine"
    return Retryable(said) if status == StoreStatus.OUT_OF_RESOURCES else Refused(said)
