"""The servers around the service in each of the two set-ups, as the command starts them."""

from collections.abc import Collection, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from enum import StrEnum

from tests.faults.disk import SmallDisk, small_disk
from tests.servers.orthanc import Orthanc
from tests.servers.postgres import Postgres
from tests.servers.process import temporary_folder
from tests.servers.rabbitmq import RabbitMQ

DATABASE = "preread"


class SetUp(StrEnum):
    """What the service is built on."""

    SERVERS = "servers"
    """RabbitMQ and PostgreSQL."""
    EMBEDDED = "embedded"
    """SQLite alone."""


@dataclass(frozen=True, slots=True)
class Broker:
    """A RabbitMQ node, and the virtual host that is ours."""

    node: RabbitMQ
    virtual_host: str = "/"


@dataclass(frozen=True, slots=True)
class Database:
    """A PostgreSQL server, and the database that is ours."""

    server: Postgres
    name: str = DATABASE
    disk: SmallDisk | None = None
    """Where its data lie, if they have a small disk of their own."""


@dataclass(frozen=True, slots=True)
class Servers:
    """Running servers; broker and database are None where the service is embedded."""

    orthanc: Orthanc
    broker: Broker | None = None
    database: Database | None = None


@contextmanager
def started(set_up: SetUp, breakable: Collection[str] = ("disk",)) -> Iterator[Servers]:
    """New servers, ended and their data thrown away at the end. What is not `breakable` is the machine's."""
    with ExitStack() as ending:
        orthanc = Orthanc(ending.enter_context(temporary_folder("orthanc")))
        ending.callback(orthanc.stop)
        orthanc.start()
        if set_up is SetUp.EMBEDDED:
            yield Servers(orthanc)
            return
        node = RabbitMQ(ending.enter_context(temporary_folder("rabbitmq")))
        ending.callback(node.shut_down)
        node.start()
        folder = ending.enter_context(temporary_folder("postgres"))
        folder.chmod(0o711)  # the server runs as another user
        disk = ending.enter_context(small_disk(folder / "disk")) if "disk" in breakable else None
        (folder / "disk").mkdir(exist_ok=True)
        server = Postgres(folder / "disk")
        ending.callback(server.stop)
        server.start()
        server.create_database(DATABASE)
        yield Servers(orthanc, Broker(node), Database(server, disk=disk))
