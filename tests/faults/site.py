"""The service between its scanners and servers, with every place where a fault can be brought in."""

from collections.abc import Collection, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.faults.clock import Clock, clock
from tests.faults.disk import MIB, SmallDisk, small_disk
from tests.faults.link import Link, link
from tests.faults.scripted_pacs import ScriptedPacs, scripted_pacs
from tests.faults.servers import Servers, SetUp
from tests.servers.preread import Preread
from tests.servers.process import HOST

LEASE_S = 3.0
WATERMARK_MIB = 64
SETTINGS: dict[str, dict[str, Any]] = {
    "accept": {"network_timeout_s": 10.0, "journal_segments": 2, "min_free_bytes": WATERMARK_MIB * MIB},
    "assemble": {"quiet_period_s": 2.0, "poll_interval_s": 0.2},
    # With the default limit of 20 attempts these delays outlast every fault of the matrix.
    "broker": {"lease_s": LEASE_S, "retry_delays_s": [0.5, 1.0, 2.0, 5.0]},
    "send": {"connect_timeout_s": 5.0, "dimse_timeout_s": 5.0},
    "retention": {"images_days": 3650, "quarantine_days": 3650},  # nothing is due: its loops run
}
CONFIRMATION = {"commitment_timeout_s": 6.0, "missing_after_s": 3.0}
"""Waits are short, so that a run takes minutes; nothing else differs from a service in use."""


@dataclass(frozen=True, slots=True)
class Site:
    """The running service. What is None is not there, or cannot be had on this machine."""

    set_up: SetUp
    preread: Preread
    servers: Servers
    pacs_link: Link
    scripted_pacs: ScriptedPacs
    broker_link: Link | None
    database_link: Link | None
    disk: SmallDisk | None
    clock: Clock | None

    @property
    def ledger_url(self) -> str:
        """SQLAlchemy URL of the ledger, past every link."""
        database = self.servers.database
        if database is not None:
            return database.server.url(database.name)
        return f"sqlite:///{self.data_folder / 'ledger.sqlite3'}"

    @property
    def data_folder(self) -> Path:
        """The service's own folder."""
        return self.preread.folder / "data"


BREAKABLE = ("disk", "clock")


@contextmanager
def running_site(
    set_up: SetUp, servers: Servers, folder: Path, breakable: Collection[str] = BREAKABLE
) -> Iterator[Site]:
    """The service started. What is not `breakable` is the machine's own, as a measurement needs it."""
    with ExitStack() as ending:
        disk = ending.enter_context(small_disk(folder / "data")) if "disk" in breakable else None
        pacs_link = ending.enter_context(link(servers.orthanc.dicom_port))
        settings = dict(SETTINGS)
        broker_link = database_link = None
        if servers.broker is not None:
            node = servers.broker.node
            broker_link = ending.enter_context(link(node.port))
            url = node.url_of(servers.broker.virtual_host).replace(f":{node.port}/", f":{broker_link.port}/")
            settings["broker"] = settings["broker"] | {"kind": "rabbitmq", "url": url}
        if servers.database is not None:
            server = servers.database.server
            database_link = ending.enter_context(link(server.port))
            url = server.url(servers.database.name).replace(f":{server.port}/", f":{database_link.port}/")
            settings["ledger"] = {"url": url}
        pacs = {"name": "pacs", "host": HOST, "port": pacs_link.port, "ae_title": servers.orthanc.ae_title}
        preread = Preread(folder, 0, "", destinations=[pacs | CONFIRMATION], **settings)
        servers.orthanc.add_modality("preread", "PREREAD", preread.dicom_port)
        fake_clock = clock(folder) if "clock" in breakable else None
        if fake_clock is not None:
            preread.environment |= fake_clock.environment
        scripted = ending.enter_context(scripted_pacs(folder, servers.orthanc))
        ending.callback(preread.stop)
        preread.start()
        yield Site(
            set_up, preread, servers, pacs_link, scripted, broker_link, database_link, disk, fake_clock
        )
