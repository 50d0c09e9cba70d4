"""Every check, in the order in which somebody would ask: ourselves first, then those whom we need."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from service.config import Destination, Settings
from service.errors import ConfigurationError
from service.wiring.doctor.broker import look_at_broker, look_at_waiting_work
from service.wiring.doctor.certificates import look_at_certificates
from service.wiring.doctor.classifiers import look_at_classifiers
from service.wiring.doctor.clock import look_at_clock
from service.wiring.doctor.configuration import look_at_configuration
from service.wiring.doctor.database import look_at_database
from service.wiring.doctor.destinations import look_at_destination
from service.wiring.doctor.disks import look_at_disks
from service.wiring.doctor.endpoints import endpoints
from service.wiring.doctor.examine import Check
from service.wiring.doctor.finding import Finding
from service.wiring.doctor.gpu import look_at_gpu
from service.wiring.doctor.limits import look_at_limits
from service.wiring.doctor.network import look_at_network
from service.wiring.doctor.people import look_at_access
from service.wiring.doctor.ports import look_at_ports
from service.wiring.doctor.secret_files import look_at_secrets
from service.wiring.doctor.sources import look_at_source
from service.wiring.doctor.store import look_at_store
from service.wiring.doctor.store_test import store_test

_Look = Callable[[Settings], Iterable[Finding]]
_CONFIGURATION = "correct the configuration; `preread config check` tells whether it is right"
_DATABASE = "see that the database runs and takes the user in ledger.url, from this machine"
_NETWORK = "ask whoever looks after the network: name server, routes, firewalls between"


@dataclass(frozen=True, slots=True)
class Asked:
    """What the command was asked for. `configuration` is the file, where there is one."""

    configuration: Path | None = None
    destination: str = ""
    store_test: bool = False


def checks(settings: Settings, asked: Asked) -> list[Check]:
    """Raises ConfigurationError for a destination that is not there."""
    destinations = _destinations(settings, asked.destination)
    found = [
        *_of_this_machine(settings, asked),
        *_of_servers(settings),
        *(
            Check("network", one.about, partial(look_at_network, one), _NETWORK)
            for one in endpoints(settings, destinations)
        ),
    ]
    for one in destinations:
        look = partial(look_at_destination, settings, one)
        found.append(Check("destinations", f"destination {one.name}", look, _known_there(settings)))
        if asked.store_test:
            look = partial(store_test, settings, one)
            found.append(Check("store test", f"destination {one.name}", look, _known_there(settings)))
    for source in settings.sources:
        look = partial(look_at_source, settings, source)
        found.append(Check("sources", f"source {source.name}", look, _known_there(settings)))
    return found


def _of_this_machine(settings: Settings, asked: Asked) -> list[Check]:
    def check(subject: str, look: _Look, remedy: str, longer: float = 1.0) -> Check:
        return Check(subject, subject, partial(look, settings), remedy, longer)

    secrets = partial(look_at_secrets, configuration=asked.configuration)
    return [
        check("configuration", look_at_configuration, _CONFIGURATION),
        check("ports", look_at_ports, "`ss -ltnp` shows what listens on this machine"),
        check("access", look_at_access, _DATABASE),
        check("secrets", secrets, "put the file there, readable for the user of the service"),
        check("certificates", look_at_certificates, "put certificate and key there, in PEM"),
        check("disks", look_at_disks, "check that the disk is mounted, and that this user may write there"),
        check("limits", look_at_limits, "`ulimit -a` shows the limits"),
        Check("clock", "clock", look_at_clock, "`timedatectl` shows how the clock stands"),
        check("engine", look_at_gpu, "`preread engine list` shows what can run here"),
        check("classifiers", look_at_classifiers, "see that the classifier's folder is whole", longer=6.0),
    ]


def _of_servers(settings: Settings) -> list[Check]:
    def check(subject: str, look: _Look, remedy: str) -> Check:
        return Check(subject, subject, partial(look, settings), remedy)

    return [
        check("database", look_at_database, _DATABASE),
        check(
            "broker",
            look_at_broker,
            "see that RabbitMQ runs and takes the user in broker.url, from this machine",
        ),
        check("workers", look_at_waiting_work, _DATABASE),
        check(
            "store",
            look_at_store,
            "see that the disk or the bucket is there, and that this user may write to it",
        ),
    ]


def _destinations(settings: Settings, name: str) -> tuple[Destination, ...]:
    found = tuple(one for one in settings.destinations if name in ("", one.name))
    if name and not found:
        known = ", ".join(one.name for one in settings.destinations)
        raise ConfigurationError(f"no destination is called {name}; destinations are: {known or 'none'}")
    return found


def _known_there(settings: Settings) -> str:
    return (
        f"see that it runs, and that it knows our AE title {settings.send.ae_title} (sources: "
        f"{settings.accept.ae_title}) with the address of this machine"
    )


def subjects(found: Sequence[Check]) -> list[str]:
    """Each once, in order."""
    return list(dict.fromkeys(one.subject for one in found))
