"""A 200 MB multi-frame passes through, a few hundred KiB at a time."""

import subprocess
import sys
from pathlib import Path

import pytest

from tests.fakes.datasets import IMPLICIT_VR_LE, US_IMAGE, encoded, us_dataset
from tests.fakes.peer import ASSOCIATE_AC, P_DATA, BadPeer, p_data, store_rq

PIXEL_BYTES = 200_000_000
MOST_KIB = 32 * 1024
SERVER = """
import sys
from pathlib import Path
from service.accept.intake.port import DirectIntake
from service.accept.scp import StorageSCP
from service.accept.instance.receiver import InstanceReceiver
from service.config import AcceptSettings
from service.storage.store.filesystem import FilesystemStore

settings = AcceptSettings(bind="127.0.0.1", min_free_bytes=0)
store = FilesystemStore(Path(sys.argv[1]))
scp = StorageSCP(settings, InstanceReceiver(store, DirectIntake(lambda instance: None), settings), port=0)
scp.start()
print("port", scp.port, flush=True)
sys.stdin.readline()
"""


@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="needs Linux's /proc")
def test_large_object_adds_at_most_32_mib_of_resident_memory(tmp_path: Path) -> None:
    command = [sys.executable, "-c", SERVER, str(tmp_path)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as server:
        try:
            assert server.stdout is not None
            port = next(int(line.split()[1]) for line in server.stdout if line.startswith("port "))
            _send(port, 1000)
            before = _peak_kib(server.pid)
            _send(port, PIXEL_BYTES)
            grown = _peak_kib(server.pid) - before
        finally:
            server.kill()
    assert 0 <= grown <= MOST_KIB
    assert max(path.stat().st_size for path in tmp_path.rglob("*.dcm")) > PIXEL_BYTES


def _send(port: int, pixel_bytes: int) -> None:
    """C-STORE an ultrasound image of so many bytes, piece by piece; fails unless it is kept."""
    dataset = us_dataset(PixelData=b"\0\0")
    head = encoded(dataset, IMPLICIT_VR_LE)[:-6] + pixel_bytes.to_bytes(4, "little")
    with BadPeer(port, timeout_s=120.0) as peer:
        assert peer.associate() == ASSOCIATE_AC
        peer.send(p_data(store_rq(dataset.SOPInstanceUID), command=True, last=True))
        peer.send(p_data(head, command=False, last=False))
        piece = bytes(100_000)
        for sent in range(0, pixel_bytes, len(piece)):
            left = pixel_bytes - sent
            peer.send(p_data(piece[:left], command=False, last=left <= len(piece)))
        kind, answer = peer.receive_pdu()
    assert (kind, b"\0\0\0\x09\2\0\0\0\0\0" in answer, US_IMAGE.encode() in answer) == (P_DATA, True, True)


def _peak_kib(pid: int) -> int:
    status = Path(f"/proc/{pid}/status").read_text()
    return next(int(line.split()[1]) for line in status.splitlines() if line.startswith("VmHWM"))
