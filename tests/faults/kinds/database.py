"""PostgreSQL that dies or ends its connections."""

import random

from tests.faults.kinds.fault import Fault
from tests.faults.servers import Database

ATTEMPTS = 5


class DatabaseKilled(Fault):
    """SIGKILL to the server; later it is started again on the same data."""

    def __init__(self, database: Database) -> None:
        super().__init__("database killed", "database", (1.0, 4.0))
        self._server = database.server

    def begin(self, rng: random.Random) -> None:
        self._server.kill()

    def end(self) -> None:
        for attempt in range(1, ATTEMPTS + 1):
            try:
                return self._server.start()
            except RuntimeError:  # what the killed one started still holds the shared memory
                if attempt == ATTEMPTS:
                    raise
        return None


class SessionsEnded(Fault):
    """Every session is ended by the administrator, again and again."""

    def __init__(self, database: Database) -> None:
        super().__init__("database sessions ended", "database", (0.5, 2.0))
        self._database = database

    def begin(self, rng: random.Random) -> None:
        self._database.server.end_sessions(self._database.name)

    def end(self) -> None:
        self._database.server.end_sessions(self._database.name)
