"""pynetdicom out of the box: `python -m tests.benchmarks.receivers.pynetdicom_ae PORT FOLDER`."""

import sys
from pathlib import Path

from pynetdicom import AE, AllStoragePresentationContexts, evt
from pynetdicom.events import Event

from tests.servers.process import HOST

SUCCESS = 0x0000


def serve(port: int, folder: Path) -> None:
    """Receive until this process is ended."""

    def handle_store(event: Event) -> int:
        (folder / str(event.request.AffectedSOPInstanceUID)).write_bytes(event.encoded_dataset())
        return SUCCESS

    ae = AE(ae_title="ANY-SCP")
    ae.supported_contexts = AllStoragePresentationContexts
    ae.start_server((HOST, port), block=True, evt_handlers=[(evt.EVT_C_STORE, handle_store)])


if __name__ == "__main__":
    serve(int(sys.argv[1]), Path(sys.argv[2]))
