"""Every fault that a site can have, and what it cannot have here, with the reason."""

from collections.abc import Iterator

from service.config.metrics import ROLES
from tests.faults.kinds.broker import BrokerKilled, BrokerOutOfMemory, BrokerRestarted
from tests.faults.kinds.database import DatabaseDiskFull, DatabaseKilled, DatabaseRestarted, SessionsEnded
from tests.faults.kinds.fault import Fault
from tests.faults.kinds.machine import ClockJumps, DiskFull, DiskLow
from tests.faults.kinds.network import LinkCut, LinkSlow
from tests.faults.kinds.pacs import PacsBehaves, PacsDown
from tests.faults.kinds.process import RoleKilled, RoleStalled, ServiceKilled, WorkerOvertaken
from tests.faults.link import Link
from tests.faults.scripted_pacs import Behaviour
from tests.faults.site import Site

HOUR_S = 3600
NOT_BY_DEFAULT: dict[str, str] = {}
"""Faults that the service is known not to survive yet, and why. Named by --only, they are brought in."""


def faults_of(site: Site) -> dict[str, Fault]:
    """By name."""
    return {fault.name: fault for fault in (*_of_processes(site), *_of_peers(site), *_of_the_machine(site))}


def missing_from(site: Site) -> dict[str, str]:
    """What this machine does not allow: name to reason."""
    missing = {}
    if site.disk is None:
        missing["disk"] = "no right to mount a small disk: run as root to have its faults too"
    if site.servers.database is not None and site.servers.database.disk is None:
        missing["database's disk"] = "the database has no small disk of its own"
    if site.clock is None:
        missing["clock"] = "libfaketime is not installed: install the Debian package faketime"
    return missing


def _of_processes(site: Site) -> Iterator[Fault]:
    for role in ROLES:
        yield RoleKilled(site, role)
        yield RoleStalled(site, role)
    yield WorkerOvertaken(site)
    yield ServiceKilled(site)


def _of_peers(site: Site) -> Iterator[Fault]:
    yield PacsDown(site.servers.orthanc)
    yield from (PacsBehaves(site, behaviour) for behaviour in Behaviour)
    yield from _of_link("pacs", site.pacs_link)
    if site.servers.broker is not None and site.broker_link is not None:
        yield BrokerKilled(site.servers.broker.node)
        yield BrokerRestarted(site.servers.broker.node)
        yield BrokerOutOfMemory(site.servers.broker.node)
        yield from _of_link("broker", site.broker_link)
    if site.servers.database is not None and site.database_link is not None:
        yield DatabaseKilled(site.servers.database)
        yield DatabaseRestarted(site.servers.database)
        if site.servers.database.disk is not None:
            yield DatabaseDiskFull(site.servers.database, site.servers.database.disk)
        yield SessionsEnded(site.servers.database)
        yield from _of_link("database", site.database_link)


def _of_link(to: str, link: Link) -> Iterator[Fault]:
    yield LinkCut(to, link)
    yield LinkSlow(to, link)


def _of_the_machine(site: Site) -> Iterator[Fault]:
    if site.disk is not None:
        yield DiskLow(site.disk)
        yield DiskFull(site.disk)
    if site.clock is not None:
        yield ClockJumps(site.clock, "ahead", HOUR_S)
        yield ClockJumps(site.clock, "back", -HOUR_S)
