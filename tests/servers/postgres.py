"""PostgreSQL as a plain process. It refuses to run as root, so root runs it as the user `postgres`."""

import os
import shutil
import signal
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from uuid import uuid4

import psycopg
import pytest
from psycopg import sql

from tests.servers.process import HOST, ServerProcess, free_port, temporary_folder
from tests.servers.programs import missing

ROLE = "preread"


class Postgres:
    """One server. It can be stopped, killed and started again on the same data."""

    def __init__(self, folder: Path, password: str = "") -> None:
        """With a password, who comes by TCP has to know it; without, everybody is trusted."""
        self._password = password
        self._programs = _newest_programs()
        self._user = "postgres" if os.geteuid() == 0 else None
        self._folder = folder
        self.port = free_port()
        self._process: ServerProcess | None = None
        if self._user is not None:
            shutil.chown(folder, self._user, self._user)
        self._initialise()

    def url(self, database: str = "postgres") -> str:
        """SQLAlchemy URL of a database of this server."""
        return f"postgresql+psycopg://{ROLE}@{HOST}:{self.port}/{database}"

    def create_database(self, name: str) -> None:
        """Create an empty database."""
        self._run_sql(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(name)))

    def drop_database(self, name: str) -> None:
        """Drop a database, whoever still uses it."""
        self._run_sql(sql.SQL("DROP DATABASE {} WITH (FORCE)").format(sql.Identifier(name)))

    def end_sessions(self, database: str) -> None:
        """End every connection to a database, as an administrator would."""
        statement = sql.SQL("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = {}")
        self._run_sql(statement.format(sql.Literal(database)))

    def dump(self, database: str, file: Path) -> None:
        """Write a database to a file, as an administrator would: pg_dump."""
        self._run_tool("pg_dump", "--format=custom", f"--file={file}", self.url(database))

    def restore(self, database: str, file: Path) -> None:
        """Put back what `dump` wrote into an empty database: pg_restore."""
        self._run_tool("pg_restore", "--exit-on-error", f"--dbname={self.url(database)}", str(file))

    def start(self) -> None:
        """Start the server; return once it takes queries."""
        options = {
            "port": str(self.port),
            "listen_addresses": HOST,
            "unix_socket_directories": str(self._folder),
        }
        settings = [part for name, value in options.items() for part in ("-c", f"{name}={value}")]
        self._process = ServerProcess(
            [str(self._programs / "postgres"), "-D", str(self._folder / "data"), *settings],
            self._folder / "output.log",
            user=self._user,
        )
        self._process.wait_until(self._answers)

    @property
    def is_running(self) -> bool:
        """Whether the server was started and has not ended."""
        return self._process is not None and self._process.is_running

    def stop(self) -> None:
        """End every session and stop in order ("fast shutdown")."""
        if self._process is not None:
            self._process.stop(signal.SIGINT)
            self._process = None

    def kill(self) -> None:
        """SIGKILL, as a loss of power would end it."""
        if self._process is not None:
            self._process.kill()
            self._process = None

    def _initialise(self) -> None:
        password_file = self._folder / "password"
        password_file.write_text(self._password or "unused")
        if self._user is not None:
            shutil.chown(password_file, self._user)
        subprocess.run(
            [
                str(self._programs / "initdb"),
                f"--pgdata={self._folder / 'data'}",
                f"--username={ROLE}",
                "--auth-local=trust",
                f"--auth-host={'scram-sha-256' if self._password else 'trust'}",
                f"--pwfile={password_file}",
                "--encoding=UTF8",
                "--locale=C.UTF-8",
            ],
            user=self._user,
            group=self._user,
            extra_groups=None if self._user is None else [],
            cwd=self._folder,
            check=True,
            capture_output=True,
        )

    def _run_tool(self, name: str, *arguments: str) -> None:
        urls = [one.replace("postgresql+psycopg:", "postgresql:") for one in arguments]
        command = [str(self._programs / name), *urls]
        subprocess.run(command, check=True, capture_output=True, env={"PGPASSWORD": self._password})

    def _answers(self) -> bool:
        try:
            self._run_sql(sql.SQL("SELECT 1"))
        except psycopg.OperationalError:
            return False
        return True

    def _run_sql(self, statement: sql.SQL | sql.Composed) -> None:
        conninfo = (
            f"host={HOST} port={self.port} user={ROLE} password={self._password or 'unused'} dbname=postgres"
        )
        with psycopg.connect(conninfo, autocommit=True) as connection:
            connection.execute(statement)


def _newest_programs() -> Path:
    """Debian keeps the server's programs off the PATH, one folder for each major version."""
    folders = [path.parent for path in Path("/usr/lib/postgresql").glob("*/bin/postgres")]
    if not folders:
        missing("postgres", "postgresql")
    return max(folders, key=lambda folder: float(folder.parent.name))


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[Postgres]:
    """A running PostgreSQL. A test that stops or kills it starts it again."""
    with temporary_folder("postgres") as folder:
        server = Postgres(folder)
        try:
            server.start()
            yield server
        finally:
            server.stop()


@pytest.fixture(scope="session")
def postgres(postgres_server: Postgres) -> str:
    """SQLAlchemy URL of the server's maintenance database."""
    return postgres_server.url()


@contextmanager
def empty_database(server: Postgres) -> Iterator[str]:
    """SQLAlchemy URL of a database that nobody else knows."""
    name = f"test_{uuid4().hex}"
    server.create_database(name)
    yield server.url(name)
    server.drop_database(name)


@pytest.fixture
def postgres_url(postgres_server: Postgres) -> Iterator[str]:
    """SQLAlchemy URL of an empty database that only this test knows."""
    with empty_database(postgres_server) as url:
        yield url
