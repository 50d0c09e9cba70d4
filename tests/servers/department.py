"""The department of docker/compose.yaml without Docker: its roles in containers of our images, real servers.

RabbitMQ and PostgreSQL are this machine's own, with the passwords and the configuration of docker/. What
differs from compose: one network, the machine's, and so other ports.
"""

import re
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from tests.servers.container import Container
from tests.servers.images import ROOT, Image
from tests.servers.orthanc import Orthanc
from tests.servers.postgres import Postgres
from tests.servers.process import ServerProcess, free_port, temporary_folder
from tests.servers.rabbitmq import RabbitMQ

NAMES = "127.0.0.1 localhost postgres rabbitmq orthanc accept"


class Department:
    """Its folder as `docker/set-up` leaves it, and its roles by name once they are started."""

    def __init__(self, folder: Path, pacs: Orthanc) -> None:
        ignored = shutil.ignore_patterns(
            "lock", ".env", "*password*", "*pgpass*", "*users*", "*credentials*", "rabbitmq-user*"
        )
        self.folder = Path(shutil.copytree(ROOT / "docker", folder / "docker", ignore=ignored))
        subprocess.run([str(self.folder / "set-up"), str(folder / "data")], check=True, capture_output=True)
        self._data = folder / "data"
        self.dicom_port, self.web_port = free_port(), free_port()
        self._pacs = pacs
        self.roles: dict[str, Container] = {}
        self.processes: dict[str, ServerProcess] = {}

    def secret(self, name: str) -> str:
        """What a file in secrets/ holds."""
        return (self.folder / "secrets" / name).read_text().strip()

    def rabbitmq(self, folder: Path) -> RabbitMQ:
        """Configured by rabbitmq/preread.conf, but for ports, and by the file with the user."""
        lines = (self.folder / "rabbitmq" / "preread.conf").read_text().splitlines()
        kept = [line for line in lines if not re.match(r"listeners\.tcp|prometheus\.tcp|log\.file", line)]
        user = self.secret("rabbitmq-user.conf")
        return RabbitMQ(
            folder, configuration="\n".join([*kept, user]), user=("preread", self.secret("broker-password"))
        )

    def write_configuration(self, broker: RabbitMQ, ledger: Postgres) -> None:
        """preread.toml with the ports of this machine, and a shorter quiet period."""
        path = self.folder / "preread.toml"
        text = path.read_text()
        for old, new in (
            ("@postgres/preread", f"@postgres:{ledger.port}/preread"),
            ("@rabbitmq:5672", f"@rabbitmq:{broker.port}"),
            ("port = 4242", f"port = {self._pacs.dicom_port}"),
            ("[accept]\n", f"[assemble]\nquiet_period_s = 1.0\n\n[accept]\nport = {self.dicom_port}\n"),
            ("[worklist]\n", f"[worklist]\nport = {self.web_port}\n"),
        ):
            assert text.count(old) == 1, f"{old!r} is not once in preread.toml"
            text = text.replace(old, new)
        path.write_text(text)
        (self.folder / "hosts").write_text(f"{NAMES}\n")

    def start(self, role: str, image: Image) -> None:
        """Start a role as compose does: user, mounts and secrets."""
        secrets = self.folder / "secrets"
        mounts = {
            "/etc/hosts": f"{self.folder / 'hosts'}:ro",
            "/etc/preread/preread.toml": f"{self.folder / 'preread.toml'}:ro",
            "/data": str(self._data / "preread"),
            "/run/secrets/ledger-pgpass": f"{secrets / 'ledger-pgpass'}:ro",
            "/run/secrets/broker-password": f"{secrets / 'broker-password'}:ro",
        }
        folder = self.folder / "containers" / role
        folder.mkdir(parents=True)
        self.roles[role] = Container(image, folder, mounts)
        self.processes[role] = self.roles[role].start(role)

    def log(self) -> str:
        """What all roles have written."""
        return "\n".join(process.log.read_text() for process in self.processes.values())

    def stop(self) -> dict[str, int]:
        """Tell every role to stop. Returns the exit status of each."""
        for process in self.processes.values():
            process.terminate()
        return {role: process.wait() for role, process in self.processes.items()}


@contextmanager
def department(service: Image, worker: Image, pacs: Orthanc) -> Iterator[Department]:
    """A department whose roles are started."""
    with ExitStack() as resources:
        folder = resources.enter_context(temporary_folder("department"))
        folder.chmod(0o755)
        made = Department(folder, pacs)
        broker = made.rabbitmq(resources.enter_context(temporary_folder("department-rabbitmq")))
        resources.callback(broker.shut_down)
        broker.start()
        database = Postgres(
            resources.enter_context(temporary_folder("department-postgres")), made.secret("ledger-password")
        )
        resources.callback(database.stop)
        database.start()
        database.create_database("preread")
        made.write_configuration(broker, database)
        for role in ("accept", "infer", "send", "worklist"):
            made.start(role, worker if role == "infer" else service)
            resources.callback(made.processes[role].stop)
        yield made
