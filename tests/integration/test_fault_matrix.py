"""A short run of the fault matrix (`make faults`): nothing is lost, doubled or stuck, in either set-up."""

from collections.abc import Iterator
from pathlib import Path
from uuid import uuid4

import pytest

from tests.faults.matrix import Asked, run_matrix
from tests.faults.servers import Broker, Database, Servers, SetUp
from tests.faults.tables import line
from tests.servers.orthanc import Orthanc
from tests.servers.postgres import Postgres
from tests.servers.process import temporary_folder
from tests.servers.rabbitmq import RabbitMQ

pytestmark = [pytest.mark.integration, pytest.mark.fault]

EMBEDDED = ("pacs forgets", "pacs refuses", "service killed")
SERVERS = ("database killed", "infer overtaken", "accept killed")


@pytest.fixture
def folder() -> Iterator[Path]:
    """Not pytest's: the small disk of a site is mounted in it."""
    with temporary_folder("faults") as path:
        yield path


def check(set_up: SetUp, servers: Servers, folder: Path, only: tuple[str, ...]) -> None:
    asked = Asked(len(only), studies=2, seed="ci", only=only)
    said: list[str] = []

    outcomes = run_matrix(set_up, servers, folder, asked, said.append, lambda one: said.append(line(one)))

    assert sum(len(one.round.faults) for one in outcomes) >= len(only)
    assert all(one.is_good for one in outcomes), "\n".join([*said, *map(line, outcomes)])


def test_embedded_service_survives(orthanc: Orthanc, folder: Path) -> None:
    check(SetUp.EMBEDDED, Servers(orthanc), folder, EMBEDDED)


def test_service_with_servers_survives(
    orthanc: Orthanc, rabbitmq: RabbitMQ, rabbitmq_url: str, postgres_server: Postgres, folder: Path
) -> None:
    broker = Broker(rabbitmq, rabbitmq_url.rpartition("/")[2])
    name = f"test_{uuid4().hex}"
    postgres_server.create_database(name)
    try:
        check(SetUp.SERVERS, Servers(orthanc, broker, Database(postgres_server, name)), folder, SERVERS)
    finally:
        postgres_server.drop_database(name)
