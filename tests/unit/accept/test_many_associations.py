"""200 associations open and 50 of them sending: all are served, and little is held for those that wait."""

import subprocess
import sys
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from pathlib import Path

import pytest

from tests.fakes.datasets import IMPLICIT_VR_LE, encoded, us_dataset
from tests.fakes.peer import ABORT, ASSOCIATE_AC, P_DATA, BadPeer, p_data, store_rq
from tests.unit.accept.doubles import wait_for

OPEN, ACTIVE, HALF_OPEN = 200, 50, 50
INSTANCES_EACH = 4
PIXEL_BYTES = 600_000
"""Each active peer fills its whole buffer."""
TIMEOUT_S = 10.0
MOST_KIB_EACH = 100
"""Resident memory of one that waits: its thread, and nearly nothing of its buffer. 30 were measured."""
SERVER = """
import sys
from pathlib import Path
import structlog
from service.accept.intake.port import DirectIntake
from service.accept.scp import StorageSCP
from service.accept.instance.receiver import InstanceReceiver
from service.config import AcceptSettings
from service.storage.store.filesystem import FilesystemStore

structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(50))  # nobody reads the log
settings = AcceptSettings(bind="127.0.0.1", min_free_bytes=0, network_timeout_s=float(sys.argv[2]))
receiver = InstanceReceiver(FilesystemStore(Path(sys.argv[1])), DirectIntake(lambda instance: None), settings)
scp = StorageSCP(settings, receiver, port=0)
scp.start()
print("port", scp.port, flush=True)
for line in sys.stdin:
    print("connections", scp.open_connections, flush=True)
"""


class Server:
    """A receiver in a process of its own."""

    def __init__(self, process: "subprocess.Popen[str]") -> None:
        self._process = process
        self.port = self._answer("port")

    @property
    def connections(self) -> int:
        assert self._process.stdin is not None
        self._process.stdin.write("\n")
        self._process.stdin.flush()
        return self._answer("connections")

    @property
    def resident_kib(self) -> int:
        status = Path(f"/proc/{self._process.pid}/status").read_text()
        return next(int(line.split()[1]) for line in status.splitlines() if line.startswith("VmRSS"))

    def _answer(self, word: str) -> int:
        assert self._process.stdout is not None
        return next(int(line.split()[1]) for line in self._process.stdout if line.startswith(f"{word} "))


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Server]:
    command = [sys.executable, "-c", SERVER, str(tmp_path), str(TIMEOUT_S)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        try:
            yield Server(process)
        finally:
            process.kill()


@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="needs Linux's /proc")
def test_200_associations_are_open_and_50_send_and_idle_ones_cost_little_and_time_out(server: Server) -> None:
    _store(server.port)
    before_kib = server.resident_kib
    with ExitStack() as connections:
        half_open = [connections.enter_context(BadPeer(server.port, 60.0)) for _ in range(HALF_OPEN)]
        idle = [connections.enter_context(BadPeer(server.port, 60.0)) for _ in range(OPEN - ACTIVE)]
        assert [peer.associate() for peer in idle] == [ASSOCIATE_AC] * len(idle)
        assert server.connections == HALF_OPEN + len(idle)
        each_kib = (server.resident_kib - before_kib) / (HALF_OPEN + len(idle))
        with ThreadPoolExecutor(ACTIVE) as senders:
            together = threading.Barrier(ACTIVE)
            list(senders.map(lambda _: _store(server.port, together), range(ACTIVE)))
        for peer in [*idle, *half_open]:
            assert peer.receive_pdu()[0] == ABORT
            assert peer.ended()
    wait_for(lambda: server.connections == 0)
    assert each_kib <= MOST_KIB_EACH


def _store(port: int, together: threading.Barrier | None = None) -> None:
    """Send some instances over one association; fails unless they are kept."""
    with BadPeer(port, 60.0) as peer:
        assert peer.associate() == ASSOCIATE_AC
        if together is not None:
            together.wait(60)
        for _ in range(INSTANCES_EACH):
            dataset = us_dataset(PixelData=bytes(PIXEL_BYTES))
            data = encoded(dataset, IMPLICIT_VR_LE)
            peer.send(p_data(store_rq(dataset.SOPInstanceUID), command=True, last=True))
            peer.send(p_data(data, command=False, last=True))
            kind, answer = peer.receive_pdu()
            assert (kind, b"\0\0\0\x09\2\0\0\0\0\0" in answer) == (P_DATA, True)
