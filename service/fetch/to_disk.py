"""Datasets of a C-GET go to files as they come.

pynetdicom (3.0) can do so, too, by STORE_RECV_CHUNKED_DATASET: but for the whole process, into the system's
temporary folder, and nobody removes the files of a C-GET. So its means are used for one association here.
"""

from io import BytesIO
from typing import Any

from pynetdicom import evt
from pynetdicom.dimse_messages import C_STORE_RQ

from service.fetch.spooled import SpooledInstance
from service.fetch.transfer import Transfer


class _Writer:
    """What pynetdicom writes a dataset to: it wants a NamedTemporaryFile."""

    def __init__(self, instance: SpooledInstance) -> None:
        self.instance = instance
        self.file = self

    def write(self, data: bytes) -> None:
        self.instance.write(data)

    def flush(self) -> None:
        """When it has ended."""


class DatasetsToDisk:
    """Handles the C-STORE sub-operations of one association."""

    def __init__(self, transfer: Transfer) -> None:
        self._transfer = transfer

    def attach(self, assoc: Any) -> None:
        """Begin with the next message of an established association."""
        assoc.bind(evt.EVT_PDU_RECV, self._on_pdu)

    def store(self, event: Any) -> int:
        """Hand on what has come; end the association when nothing more can be taken."""
        request = event.request
        if request._dataset_file is None:  # so small that it came in one PDU with its command set
            instance = self._begin(request, str(event.context.transfer_syntax))
            instance.write(request.DataSet.getvalue() if request.DataSet else b"")
        else:
            instance = request._dataset_file.instance
        status = self._transfer.take(instance)
        if self._transfer.failure is not None:
            event.assoc.abort()
            event.assoc.dimse.msg_queue.put((None, None))  # wakes who waits for more, which abort does not
        return status

    def _on_pdu(self, event: Any) -> None:
        """Before a PDU is handled: of a message whose command set has come, the rest goes to a file."""
        message = event.assoc.dimse.message
        if not isinstance(message, C_STORE_RQ) or message._data_set_file is not None:
            return
        instance = self._begin(message.command_set, _transfer_syntax(event.assoc, message.context_id))
        instance.write(message.data_set.getvalue())
        message.data_set = BytesIO()
        message._data_set_file = _Writer(instance)

    def _begin(self, named: Any, transfer_syntax_uid: str) -> SpooledInstance:
        return self._transfer.begin(
            str(named.AffectedSOPClassUID), str(named.AffectedSOPInstanceUID), transfer_syntax_uid
        )


def _transfer_syntax(assoc: Any, context_id: int) -> str:
    """Empty for a context that was not agreed: such an instance is refused."""
    agreed = {context.context_id: context for context in assoc.accepted_contexts}
    return str(agreed[context_id].transfer_syntax[0]) if context_id in agreed else ""
