"""Which receivers there are, and which of them are installed."""

import shutil
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from functools import partial
from pathlib import Path

from tests.benchmarks.harness.results import Result
from tests.benchmarks.receivers.folder import pynetdicom, storescp
from tests.benchmarks.receivers.orthanc import OrthancReceiver
from tests.benchmarks.receivers.port import PREREAD, STORESCP, STORESCP_BITS, Receiver
from tests.benchmarks.receivers.preread import PrereadReceiver, by_pynetdicom, without_syncing
from tests.servers.programs import SYSTEM_PATH

Make = Callable[[Path], Receiver]


def started(names: Sequence[str], folder: Path, running: ExitStack) -> tuple[list[Receiver], list[Result]]:
    """The receivers, stopped by `running`; and a result for each that is not installed."""
    receivers: list[Receiver] = []
    missing: list[Result] = []
    for name in names:
        try:
            receiver = RECEIVERS[name](folder / name)
        except FileNotFoundError as reason:
            missing.append(Result.skipped(name, str(reason)))
            continue
        running.callback(receiver.stop)
        receiver.start()
        receivers.append(receiver)
    return receivers, missing


def program(name: str, package: str) -> Path:
    """Where it is; not in the virtual environment, where pynetdicom has a storescu too.

    Raises FileNotFoundError.
    """
    found = shutil.which(name, path=SYSTEM_PATH)
    if found is None:
        raise FileNotFoundError(f"{name} is not installed: install the Debian package {package}")
    return Path(found)


def _storescp() -> Path:
    return program("storescp", "dcmtk")


RECEIVERS: Mapping[str, Make] = {
    "preread": partial(PrereadReceiver, PREREAD),
    "unsynced": without_syncing,
    "storescp": lambda folder: storescp(STORESCP, _storescp(), folder),
    "storescp+B": lambda folder: storescp(STORESCP_BITS, _storescp(), folder, "+B"),
    "orthanc": lambda folder: OrthancReceiver(program("Orthanc", "orthanc"), folder),
    "pynetdicom": pynetdicom,
    "preread-pynetdicom": by_pynetdicom,
}
USUAL = [name for name in RECEIVERS if name != "preread-pynetdicom"]
"""The rest is measured when it is asked for."""
