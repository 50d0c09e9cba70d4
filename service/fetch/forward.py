"""Handing on what was fetched to our own SCP by C-STORE: it alone keeps instances."""

from contextlib import ExitStack
from pathlib import Path
from types import TracebackType
from typing import Self

from service.dicom.quiet import quiet
from service.errors import PeerUnavailable
from service.fetch.association import Association, associate
from service.fetch.peer import Peer
from service.fetch.sending_queue import bound_sending
from service.fetch.spooled import SpooledInstance
from service.fetch.status import SOP_CLASS_NOT_SUPPORTED
from service.net.scu import MAX_CONTEXTS, Context


class Forwarder:
    """Sends datasets byte for byte. One association is kept open for those that come after.

    A context manager; one thread uses it at a time.
    """

    def __init__(self, peer: Peer) -> None:
        self._peer = peer
        self._contexts: dict[Context, None] = {}
        self._association: Association | None = None
        self._resources = ExitStack()

    def __enter__(self) -> Self:
        """Nothing is opened before the first instance."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Release the association."""
        self._close()

    def receive(self, instance: SpooledInstance) -> int:
        """Send one instance; the status of the answer. We call by the AE title of `peer`.

        Raises PeerUnavailable. Sends once more where the association that was kept has ended meanwhile: a
        PACS may think longer about the next instance than our SCP waits for it.
        """
        context = (instance.sop_class_uid, (instance.transfer_syntax_uid,))
        was_kept = self._association is not None and context in self._contexts
        try:
            return self._send(context, instance.path)
        except PeerUnavailable:
            self._close()
            if not was_kept:
                raise
            return self._send(context, instance.path)

    def _send(self, context: Context, path: Path) -> int:
        association = self._association_for(context)
        if not _takes(association, context):
            return SOP_CLASS_NOT_SUPPORTED
        try:
            with quiet():
                answer = association.assoc.send_c_store(path)
        except RuntimeError:  # pynetdicom's word for an association that has ended meanwhile
            raise association.broken() from None
        if "Status" not in answer:
            raise association.broken()
        return int(answer.Status)

    def _association_for(self, context: Context) -> Association:
        if self._association is None or context not in self._contexts:
            self._close()
            if len(self._contexts) >= MAX_CONTEXTS:
                self._contexts.clear()
            self._contexts[context] = None
            opened = self._resources.enter_context(associate(self._peer, list(self._contexts)))
            bound_sending(opened.assoc)
            self._association = opened
        return self._association

    def _close(self) -> None:
        self._association = None
        self._resources.close()


def _takes(association: Association, context: Context) -> bool:
    sop_class_uid, (transfer_syntax_uid,) = context
    return any(
        (agreed.abstract_syntax, agreed.transfer_syntax[0]) == (sop_class_uid, transfer_syntax_uid)
        for agreed in association.assoc.accepted_contexts
    )
