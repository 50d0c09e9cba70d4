"""A part of 100 MB, and a file of as much, pass through piece by piece."""

import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import IO

import httpx
import pytest

from tests.fakes.datasets import part10, us_dataset
from tests.servers.process import HOST, free_port
from tests.unit.accept.stow.bodies import CONTENT_TYPE, body

pytestmark = pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="needs Linux's /proc")

PIXEL_BYTES = 100_000_000
MOST_KIB = 32 * 1024
SERVICE = """
import logging, sys, threading
from pathlib import Path
import structlog
from service.accept.intake.port import DirectIntake
from service.accept.instance.receiver import InstanceReceiver
from service.config import AcceptSettings, Settings
from service.config.stow import StowSettings
from service.config.watched_folder import WatchedFolderSettings
from service.storage.store.filesystem import FilesystemStore
from service.wiring.watched_folder import open_watched_folder
from service.wiring.web_intake import open_web_intake

# Lines of a log would come between ours.
structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.CRITICAL))
folder, port = Path(sys.argv[1]), int(sys.argv[2])
settings = AcceptSettings(
    min_free_bytes=0,
    stow=StowSettings(enabled=True, port=port),
    watched_folder=WatchedFolderSettings(path=folder / "in", poll_interval_s=0.05, settle_s=0),
)
intake = DirectIntake(lambda instance: print("kept", instance.size_bytes, flush=True))
receiver = InstanceReceiver(FilesystemStore(folder / "store"), intake, settings)
stop = threading.Event()
whole = Settings(data_folder=folder / "data", accept=settings)
with open_web_intake(whole, receiver, stop), open_watched_folder(whole, receiver, stop):
    print("ready", flush=True)
    sys.stdin.readline()
"""
Give = Callable[[Path, int, int], object]


def by_http(folder: Path, port: int, pixel_bytes: int) -> None:
    response = httpx.post(
        f"http://{HOST}:{port}/studies",
        content=pieces(pixel_bytes),
        headers={"Content-Type": CONTENT_TYPE},
        timeout=120.0,
    )
    assert response.status_code == 200


def by_folder(folder: Path, port: int, pixel_bytes: int) -> None:
    unfinished = folder / "in" / f"{pixel_bytes}.dcm.part"
    with unfinished.open("wb") as file:
        file.writelines(file_pieces(pixel_bytes))
    unfinished.rename(unfinished.with_suffix(""))


@pytest.mark.parametrize("give", [by_http, by_folder])
def test_large_instance_adds_at_most_32_mib_of_resident_memory(give: Give, tmp_path: Path) -> None:
    (tmp_path / "in").mkdir()
    port = free_port()
    command = [sys.executable, "-c", SERVICE, str(tmp_path), str(port)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as service:
        try:
            assert service.stdout is not None
            wait_for_line(service.stdout, "ready")
            give(tmp_path, port, 1000)
            wait_for_line(service.stdout, "kept")
            before = peak_kib(service.pid)
            give(tmp_path, port, PIXEL_BYTES)
            wait_for_line(service.stdout, "kept")
            grown = peak_kib(service.pid) - before
        finally:
            service.kill()
    assert 0 <= grown <= MOST_KIB
    assert max(path.stat().st_size for path in (tmp_path / "store").rglob("*.dcm")) > PIXEL_BYTES


def file_pieces(pixel_bytes: int) -> Iterator[bytes]:
    """A DICOM file with so many bytes of pixels."""
    yield part10(us_dataset(PixelData=b"\0\0"))[:-6] + pixel_bytes.to_bytes(4, "little")
    for start in range(0, pixel_bytes, 100_000):
        yield bytes(min(100_000, pixel_bytes - start))


def pieces(pixel_bytes: int) -> Iterator[bytes]:
    """The same as the only part of a body."""
    begin, end = body(b"//").split(b"//")
    yield begin
    yield from file_pieces(pixel_bytes)
    yield end


def wait_for_line(output: IO[str], beginning: str) -> None:
    assert any(line.startswith(beginning) for line in iter(output.readline, ""))


def peak_kib(pid: int) -> int:
    status = Path(f"/proc/{pid}/status").read_text()
    return next(int(line.split()[1]) for line in status.splitlines() if line.startswith("VmHWM"))
