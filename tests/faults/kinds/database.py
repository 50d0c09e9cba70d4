"""PostgreSQL that dies, is restarted, has no space or ends its connections."""

import random

from tests.faults.disk import SmallDisk
from tests.faults.kinds.fault import Fault
from tests.faults.servers import Database
from tests.servers.postgres import Postgres

ATTEMPTS = 5


class DatabaseKilled(Fault):
    """SIGKILL to the server; later it is started again on the same data."""

    def __init__(self, database: Database) -> None:
        super().__init__("database killed", "database", (1.0, 4.0))
        self._server = database.server

    def begin(self, rng: random.Random) -> None:
        self._server.kill()

    def end(self) -> None:
        _start(self._server)


class DatabaseRestarted(Fault):
    """Taken down in order, every session ended, and started again."""

    def __init__(self, database: Database) -> None:
        super().__init__("database restarted", "database", (1.0, 4.0))
        self._server = database.server

    def begin(self, rng: random.Random) -> None:
        self._server.stop()

    def end(self) -> None:
        self._server.start()


class DatabaseDiskFull(Fault):
    """Nothing is free on the database's disk. The server is started again if it ended."""

    def __init__(self, database: Database, disk: SmallDisk) -> None:
        super().__init__("database disk full", "database")
        self._server, self._disk = database.server, disk

    def begin(self, rng: random.Random) -> None:
        self._disk.fill(leave_mib=0)

    def end(self) -> None:
        self._disk.empty()
        if not self._server.is_running:
            self._server.kill()
            _start(self._server)


class SessionsEnded(Fault):
    """Every session is ended by the administrator, again and again."""

    def __init__(self, database: Database) -> None:
        super().__init__("database sessions ended", "database", (0.5, 2.0))
        self._database = database

    def begin(self, rng: random.Random) -> None:
        self._database.server.end_sessions(self._database.name)

    def end(self) -> None:
        self._database.server.end_sessions(self._database.name)


def _start(server: Postgres) -> None:
    """Start a server that was killed: what it had started may still hold the shared memory for a moment."""
    for attempt in range(1, ATTEMPTS + 1):
        try:
            return server.start()
        except RuntimeError:
            if attempt == ATTEMPTS:
                raise
    return None
