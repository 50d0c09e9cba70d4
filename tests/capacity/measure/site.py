"""The service as it is measured: the worker on one core of its own, everything else on the others."""

import os
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx

from service.config.metrics import ROLES
from tests.faults.servers import Servers, SetUp, started
from tests.faults.site import CONFIRMATION
from tests.faults.soak.sample import family
from tests.servers.preread import Preread
from tests.servers.process import HOST, temporary_folder

QUIET_PERIOD_S = 1.0
"""Short, so that a run takes minutes: it is a constant part of every latency, and is told apart."""
START_S = 240.0
"""Longest wait for the roles, on a machine that may be busy."""
CLASSIFIER = "us-mass"
RULES = [
    {
        "name": "urgent",
        "when": {"Modality": "US", "RequestedProcedurePriority": "STAT"},
        "classifiers": [CLASSIFIER],
        "destinations": ["pacs"],
        "priority": "urgent",
    },
    {"name": "routine", "when": {"Modality": "US"}, "classifiers": [CLASSIFIER], "destinations": ["pacs"]},
]
SETTINGS: dict[str, dict[str, Any]] = {
    "accept": {"min_free_bytes": 0},
    "assemble": {"quiet_period_s": QUIET_PERIOD_S, "poll_interval_s": 0.1},
    "broker": {"lease_s": 60.0},
    "infer": {"threads": 1, "decode_threads": 1},
}


@dataclass(frozen=True, slots=True)
class CapacitySite:
    """The running service with its servers. `rest_cores`: how many cores all share but the worker."""

    set_up: SetUp
    preread: Preread
    servers: Servers
    rest_cores: int

    @property
    def data_folder(self) -> Path:
        """The service's own folder."""
        return self.preread.folder / "data"

    @property
    def ledger_url(self) -> str:
        """SQLAlchemy URL of the ledger."""
        database = self.servers.database
        if database is None:
            return f"sqlite:///{self.data_folder / 'ledger.sqlite3'}"
        return database.server.url(database.name)


@contextmanager
def capacity_site(set_up: SetUp) -> Iterator[CapacitySite]:
    """Started, with Orthanc as the PACS; stopped and thrown away at the end."""
    with ExitStack() as ending:
        servers = ending.enter_context(started(set_up, breakable=()))
        folder = ending.enter_context(temporary_folder("capacity"))
        settings = dict(SETTINGS)
        if servers.broker is not None and servers.database is not None:
            url = servers.broker.node.url_of(servers.broker.virtual_host)
            settings["broker"] = settings["broker"] | {"kind": "rabbitmq", "url": url}
            settings["ledger"] = {"url": servers.database.server.url(servers.database.name)}
        orthanc = servers.orthanc
        pacs = {"name": "pacs", "host": HOST, "port": orthanc.dicom_port, "ae_title": orthanc.ae_title}
        preread = Preread(folder, 0, "", destinations=[pacs | CONFIRMATION], rules=RULES, **settings)
        orthanc.add_modality("preread", "PREREAD", preread.dicom_port)
        ending.callback(preread.stop)
        preread.start(START_S)
        _wait_until_ready(preread)
        rest = ending.enter_context(_cores_apart(preread.pid_of("infer")))
        yield CapacitySite(set_up, preread, servers, rest)


def _wait_until_ready(preread: Preread) -> None:
    """Until the worker has its engine. Raises TimeoutError."""
    url = f"http://{HOST}:{preread.metrics_ports[ROLES.index('infer')]}/readyz"
    deadline_s = time.monotonic() + START_S
    while time.monotonic() < deadline_s:
        with suppress(httpx.TransportError):
            if httpx.get(url).is_success:
                return
        time.sleep(0.1)
    raise TimeoutError(f"the worker is not ready after {START_S:.0f} s: look into {preread.folder}")


@contextmanager
def _cores_apart(worker_pid: int) -> Iterator[int]:
    """The worker has the last core, and this process with all else that it has started the others.

    How many these are. With one core all share it.
    """
    before = os.sched_getaffinity(0)
    rest = set(sorted(before)[:-1]) or before
    for pid in family(os.getpid()):
        _pin(pid, rest)
    _pin(worker_pid, {max(before)})
    try:
        yield len(rest)
    finally:
        _pin(os.getpid(), before)


def _pin(pid: int, cores: set[int]) -> None:
    """Every thread that a process has; those that come inherit it."""
    for task in Path(f"/proc/{pid}/task").iterdir():
        with suppress(ProcessLookupError):  # it has ended meanwhile
            os.sched_setaffinity(int(task.name), cores)
