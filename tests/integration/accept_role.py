"""The accept role alone as a process, and a scanner that sends raw C-STORE to it."""

import os
import random
import signal
import struct
import threading
from contextlib import suppress
from pathlib import Path
from typing import Any

from tests.fakes.datasets import IMPLICIT_VR_LE, encoded, us_dataset
from tests.fakes.peer import ASSOCIATE_AC, P_DATA, BadPeer, p_data, store_rq
from tests.servers.preread import Preread
from tests.servers.process import ServerProcess, listens

SIZES = (2_000, 300_000, 5_000_000)
"""Bytes of pixels: in the journal, and beside it."""
PIECE_BYTES = 60_000
SUCCESS = struct.pack("<HHLH", 0x0000, 0x0900, 2, 0x0000)
"""The element Status (0000,0900) of an answer, Implicit VR Little Endian."""


class AcceptRole:
    """`preread accept` on a folder. It listens when this returns."""

    def __init__(self, folder: Path, **settings: Any) -> None:
        self._service = Preread(folder, 1, "PACS", **settings)
        self._folder = folder
        self.port = self._service.dicom_port
        self.store_folder = folder / "data" / "store"
        self._process = self._started()

    def kill_and_start(self) -> None:
        """SIGKILL, then start it again."""
        os.kill(self._process.pid, signal.SIGKILL)
        self._process.wait()
        self._process = self._started()

    def stop(self) -> None:
        """Settle what is in the journal, where that can be done, and end."""
        self._process.stop(signal.SIGTERM)

    def is_running(self) -> bool:
        """Whether it has not ended."""
        return self._process.is_running

    def log(self) -> str:
        """What it has logged."""
        return (self._folder / "accept.log").read_text()

    def _started(self) -> ServerProcess:
        process = ServerProcess(
            self._service.command("accept"), self._folder / "accept.log", {"PYTHONPATH": str(Path.cwd())}
        )
        process.wait_until(lambda: listens(self.port))
        return process


class Scanner:
    """Sends new instances of random size, each of a study of its own unless one is named.

    `acknowledged`: UID to dataset of what got Success.
    """

    def __init__(self, port: int, seed: int = 0, study_instance_uid: str = "") -> None:
        self._study = {"StudyInstanceUID": study_instance_uid} if study_instance_uid else {}
        self.acknowledged: dict[str, bytes] = {}
        self._port = port
        self._random = random.Random(seed)
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run)

    def send(self, count: int) -> None:
        """Send so many over one association."""
        with BadPeer(self._port) as peer:
            assert peer.associate(calling="SCANNER") == ASSOCIATE_AC
            assert all(self._send(peer) for _ in range(count))

    def start(self) -> None:
        """Send until `stop`, over association after association."""
        self._thread.start()

    def stop(self) -> None:
        """Send no more."""
        self._stop.set()
        self._thread.join()

    def _run(self) -> None:
        while not self._stop.is_set():
            with suppress(OSError), BadPeer(self._port) as peer:
                if peer.associate(calling="SCANNER") == ASSOCIATE_AC:
                    while not self._stop.is_set() and self._send(peer):
                        continue
            self._stop.wait(0.05)

    def _send(self, peer: BadPeer) -> bool:
        """C-STORE a new instance; whether it was answered."""
        dataset = us_dataset(PixelData=self._random.randbytes(self._random.choice(SIZES)), **self._study)
        uid, data = dataset.SOPInstanceUID, encoded(dataset, IMPLICIT_VR_LE)
        peer.send(p_data(store_rq(uid), command=True, last=True))
        for at in range(0, len(data), PIECE_BYTES):
            piece = data[at : at + PIECE_BYTES]
            peer.send(p_data(piece, command=False, last=at + PIECE_BYTES >= len(data)))
        kind, answer = peer.receive_pdu()
        if kind == P_DATA and SUCCESS in answer:
            self.acknowledged[uid] = data
        return kind == P_DATA
