"""RabbitMQ as a plain process: its own data, its own ports, its own port mapper."""

import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import quote
from uuid import uuid4

import httpx
import pytest

from tests.servers.certificates import Hospital
from tests.servers.process import HOST, ServerProcess, free_port, listens, temporary_folder
from tests.servers.programs import require

# The scripts in /usr/sbin change to the user rabbitmq; these run as whoever calls them.
SCRIPTS = "/usr/lib/rabbitmq/bin"


class RabbitMQ:
    """One node. It can be stopped, killed and started again on the same data."""

    def __init__(
        self,
        folder: Path,
        hospital: Hospital | None = None,
        configuration: str = "",
        user: tuple[str, str] = ("guest", "guest"),
    ) -> None:
        """With a hospital, it speaks TLS too, and takes only clients with a certificate from there.

        `configuration`: further lines of rabbitmq.conf; `user`: name and password, where they say another.
        """
        self._configuration = configuration
        self._user = user
        self._server_program = require("rabbitmq-server", "rabbitmq-server", SCRIPTS)
        self._ctl_program = require("rabbitmqctl", "rabbitmq-server", SCRIPTS)
        self._epmd_program = require("epmd", "rabbitmq-server")
        self._folder = folder
        self.port = free_port()
        self.management_port = free_port()
        self.tls_port = free_port()
        self._hospital = hospital
        self._environment = self._write_configuration()
        # Started here, or the node would start it as a daemon that nobody ends.
        self._port_mapper = ServerProcess(
            [str(self._epmd_program)], self._folder / "epmd.log", self._environment
        )
        self._process: ServerProcess | None = None

    @property
    def url(self) -> str:
        """AMQP URL of the default virtual host."""
        return self.url_of("/")

    @property
    def tls_url(self) -> str:
        """AMQP URL of the default virtual host over TLS."""
        return f"amqps://guest:guest@{HOST}:{self.tls_port}/%2F"

    def url_of(self, virtual_host: str) -> str:
        """AMQP URL of a virtual host."""
        return f"amqp://guest:guest@{HOST}:{self.port}/{quote(virtual_host, safe='')}"

    def start(self) -> None:
        """Start the node; return once AMQP and the management API answer."""
        self._process = ServerProcess(
            [str(self._server_program)], self._folder / "output.log", self._environment
        )
        self._process.wait_until(lambda: listens(self.port) and self._management_answers())

    def kill(self) -> None:
        """SIGKILL, as a loss of power would end it; a second later, when its queues have settled."""
        # Ra writes its directory of quorum queues every half second. RabbitMQ 3.10, killed before that, comes
        # back with a queue that never answers: its fault, and not what a test of ours is about.
        time.sleep(1.0)
        self._end()

    def restart(self) -> None:
        """Kill the node and start it again on the same data."""
        self.kill()
        self.start()

    def stop_app(self) -> None:
        """Close every connection and take no new one; the Erlang node stays up."""
        self._ctl("stop_app")

    def start_app(self) -> None:
        """Take connections again after `stop_app`."""
        self._ctl("start_app")

    def raise_memory_alarm(self) -> None:
        """Take no message from publishers, as a node that is short of memory does."""
        self._ctl("set_vm_memory_high_watermark", "0.000001")

    def clear_memory_alarm(self) -> None:
        """Take messages again after `raise_memory_alarm`. A restart does that too."""
        self._ctl("set_vm_memory_high_watermark", "0.4")

    def close_connections(self, of: str) -> None:
        """Close the connections whose name that the client gave holds `of`, as lost heartbeats would."""
        for connection in self.management("GET", "/api/connections"):
            if of in connection.get("client_properties", {}).get("connection_name", ""):
                self.management("DELETE", f"/api/connections/{quote(connection['name'], safe='')}")

    def management(self, method: str, path: str, body: Any = None) -> Any:
        """Call the management API, e.g. `management("GET", "/api/queues")`. Raises on an error status."""
        answer = httpx.request(
            method,
            f"http://{HOST}:{self.management_port}{path}",
            auth=self._user,
            json=body,
            timeout=30.0,
        )
        answer.raise_for_status()
        return answer.json() if answer.content else None

    def shut_down(self) -> None:
        """Kill the node and its port mapper: its data are thrown away, so nothing need be saved."""
        self._end()
        self._port_mapper.kill()

    def _end(self) -> None:
        if self._process is not None:
            self._process.kill()
            self._process = None

    def _management_answers(self) -> bool:
        try:
            self.management("GET", "/api/overview")
        except httpx.HTTPError:
            return False
        return True

    def _ctl(self, *command: str) -> None:
        subprocess.run(
            [str(self._ctl_program), *command],
            env={"PATH": "/usr/sbin:/usr/bin:/sbin:/bin", **self._environment},
            capture_output=True,
            check=True,
            timeout=60,
        )

    def _tls_configuration(self) -> str:
        if self._hospital is None:
            return ""
        return (
            f"listeners.ssl.1 = {HOST}:{self.tls_port}\n"
            f"ssl_options.cacertfile = {self._hospital.authority.certificate}\n"
            f"ssl_options.certfile = {self._hospital.pacs.certificate}\n"
            f"ssl_options.keyfile = {self._hospital.pacs.key}\n"
            "ssl_options.verify = verify_peer\n"
            "ssl_options.fail_if_no_peer_cert = true\n"
        )

    def _write_configuration(self) -> dict[str, str]:
        configuration = self._folder / "rabbitmq.conf"
        configuration.write_text(
            f"listeners.tcp.1 = {HOST}:{self.port}\n"
            f"management.tcp.ip = {HOST}\n"
            f"management.tcp.port = {self.management_port}\n{self._configuration}\n"
            + self._tls_configuration()
        )
        plugins = self._folder / "enabled_plugins"
        plugins.write_text("[rabbitmq_management].\n")
        return {
            "HOME": str(self._folder),
            "RABBITMQ_NODENAME": f"preread{self.port}@localhost",
            "RABBITMQ_CONFIG_FILE": str(configuration),
            "RABBITMQ_ENABLED_PLUGINS_FILE": str(plugins),
            "RABBITMQ_MNESIA_BASE": str(self._folder / "mnesia"),
            "RABBITMQ_LOG_BASE": str(self._folder / "log"),
            "RABBITMQ_PID_FILE": str(self._folder / "pid"),
            "RABBITMQ_DIST_PORT": str(free_port()),
            "RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS": "-kernel inet_dist_use_interface {127,0,0,1}",
            "ERL_EPMD_ADDRESS": HOST,
            "ERL_EPMD_PORT": str(free_port()),
        }


@pytest.fixture(scope="session")
def rabbitmq() -> Iterator[RabbitMQ]:
    """A running RabbitMQ. A test that stops or kills it starts it again."""
    with temporary_folder("rabbitmq") as folder:
        node = RabbitMQ(folder)
        try:
            node.start()
            yield node
        finally:
            node.shut_down()


@contextmanager
def empty_virtual_host(node: RabbitMQ) -> Iterator[str]:
    """AMQP URL of a virtual host that nobody else knows."""
    virtual_host = f"test-{uuid4().hex}"
    node.management("PUT", f"/api/vhosts/{virtual_host}")
    yield node.url_of(virtual_host)
    node.management("DELETE", f"/api/vhosts/{virtual_host}")


@pytest.fixture
def rabbitmq_url(rabbitmq: RabbitMQ) -> Iterator[str]:
    """AMQP URL of an empty virtual host that only this test knows."""
    with empty_virtual_host(rabbitmq) as url:
        yield url
