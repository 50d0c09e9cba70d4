import sqlite3
import subprocess
import sys
import threading
from contextlib import closing
from pathlib import Path

import pytest

from service.errors import ConfigurationError, LedgerUnavailable
from service.storage.ledger.backup import back_up, database_file, restore
from service.storage.ledger.ledger import Ledger
from service.storage.ledger.steps.receive import record_received
from tests.factories import received


@pytest.fixture
def database(tmp_path: Path) -> Path:
    return tmp_path / "data" / "ledger.sqlite3"


def opened(database: Path) -> Ledger:
    ledger = Ledger(f"sqlite:///{database}")
    ledger.upgrade()
    return ledger


def studies_in(database: Path) -> set[str]:
    ledger = opened(database)
    with ledger.read() as tx:
        found = {one.study_instance_uid for one in tx.studies.latest(1000)}
    ledger.close()
    return found


def test_backup_has_what_was_committed_and_is_one_private_file(database: Path, tmp_path: Path) -> None:
    ledger = opened(database)
    record_received(ledger, received(study_instance_uid="1.1"))
    copy = tmp_path / "copy"

    back_up(database, copy)
    record_received(ledger, received(study_instance_uid="1.2"))
    ledger.close()

    assert [path.name for path in tmp_path.glob("*copy*")] == ["copy"]
    assert copy.stat().st_mode & 0o077 == 0
    with closing(sqlite3.connect(copy)) as connection:
        assert connection.execute("SELECT study_instance_uid FROM studies").fetchall() == [("1.1",)]


def test_backup_is_of_one_moment_while_others_write(database: Path, tmp_path: Path) -> None:
    ledger = opened(database)
    stop = threading.Event()

    def write() -> None:
        number = 0
        while not stop.is_set():
            number += 1
            with ledger.begin() as tx:  # two studies at a time, or none
                for part in ("a", "b"):
                    uid = f"1.{number}.{1 if part == 'a' else 2}"
                    tx.studies.ensure(received(study_instance_uid=uid))

    writer = threading.Thread(target=write)
    writer.start()
    try:
        for number in range(10):
            back_up(database, tmp_path / f"copy{number}")
    finally:
        stop.set()
        writer.join()
    ledger.close()
    counts = []
    for number in range(10):
        with closing(sqlite3.connect(tmp_path / f"copy{number}")) as connection:
            counts.append(connection.execute("SELECT count(*) FROM studies").fetchone()[0])
    assert all(count % 2 == 0 for count in counts)
    assert counts == sorted(counts)
    assert counts[-1] > counts[0]


def test_backup_writes_over_nothing(database: Path, tmp_path: Path) -> None:
    opened(database).close()
    (tmp_path / "copy").write_text("precious")
    with pytest.raises(ConfigurationError, match="there already"):
        back_up(database, tmp_path / "copy")
    assert (tmp_path / "copy").read_text() == "precious"


def test_there_is_no_backup_of_a_damaged_ledger(database: Path, tmp_path: Path) -> None:
    opened(database).close()
    damage(database)
    with pytest.raises(LedgerUnavailable, match="damaged"):
        back_up(database, tmp_path / "copy")
    assert list(tmp_path.glob("*copy*")) == []


def damage(path: Path) -> None:
    data = bytearray(path.read_bytes())
    for at in range(4096, len(data), 4096):
        data[at : at + 200] = b"\xaa" * 200
    path.write_bytes(data)


def test_restore_puts_the_backup_in_place_and_the_other_one_aside(database: Path, tmp_path: Path) -> None:
    ledger = opened(database)
    record_received(ledger, received(study_instance_uid="1.1"))
    back_up(database, tmp_path / "copy")
    record_received(ledger, received(study_instance_uid="1.2"))
    ledger.close()

    aside = restore(tmp_path / "copy", database)

    assert studies_in(database) == {"1.1"}
    assert aside is not None
    assert studies_in(aside) == {"1.1", "1.2"}


def test_what_a_killed_process_had_not_moved_into_the_file_stays_with_the_old_ledger(
    database: Path, tmp_path: Path
) -> None:
    opened(database).close()
    back_up(database, tmp_path / "copy")
    killed = (
        "import os, sys\n"
        "from service.storage.ledger.ledger import Ledger\n"
        "from service.storage.ledger.steps.receive import record_received\n"
        "from tests.factories import received\n"
        "ledger = Ledger('sqlite:///' + sys.argv[1])\n"
        "record_received(ledger, received(study_instance_uid='1.2'))\n"
        "os.kill(os.getpid(), 9)\n"
    )
    subprocess.run([sys.executable, "-c", killed, str(database)], check=False, cwd=Path.cwd())
    assert database.with_name("ledger.sqlite3-wal").stat().st_size > 0

    aside = restore(tmp_path / "copy", database)

    assert studies_in(database) == set()
    assert aside is not None
    assert studies_in(aside) == {"1.2"}


def test_restore_to_where_nothing_is(database: Path, tmp_path: Path) -> None:
    ledger = opened(database)
    record_received(ledger, received(study_instance_uid="1.1"))
    back_up(database, tmp_path / "copy")
    ledger.close()
    other = tmp_path / "other" / "ledger.sqlite3"
    assert restore(tmp_path / "copy", other) is None
    assert studies_in(other) == {"1.1"}


def test_nothing_is_restored_under_a_running_service(database: Path, tmp_path: Path) -> None:
    opened(database).close()
    back_up(database, tmp_path / "copy")
    user = (
        "import sqlite3, sys\n"
        "connection = sqlite3.connect(sys.argv[1])\n"
        "connection.execute('SELECT count(*) FROM studies').fetchone()\n"
        "print('open', flush=True)\n"
        "sys.stdin.read()\n"
    )
    with subprocess.Popen(
        [sys.executable, "-c", user, str(database)], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as process:
        assert process.stdout is not None
        assert process.stdin is not None
        assert process.stdout.readline() == b"open\n"
        with pytest.raises(ConfigurationError, match=f"{process.pid}.*stop the service"):
            restore(tmp_path / "copy", database)
        process.stdin.close()
    assert restore(tmp_path / "copy", database) is not None


def test_what_is_no_backup_is_refused_and_nothing_changes(database: Path, tmp_path: Path) -> None:
    ledger = opened(database)
    record_received(ledger, received(study_instance_uid="1.1"))
    back_up(database, tmp_path / "copy")
    ledger.close()
    newer, damaged, other, text = (tmp_path / name for name in ("newer", "damaged", "other", "text"))
    newer.write_bytes((tmp_path / "copy").read_bytes())
    with closing(sqlite3.connect(newer)) as connection:
        connection.execute("UPDATE alembic_version SET version_num = '9999'")
        connection.commit()
    damaged.write_bytes((tmp_path / "copy").read_bytes())
    damage(damaged)
    with closing(sqlite3.connect(other)) as connection:
        connection.execute("CREATE TABLE something (id INTEGER)")
    text.write_text("dear diary " * 1000)

    for path, error, words in (
        (newer, ConfigurationError, "newer version"),
        (damaged, LedgerUnavailable, "damaged"),
        (other, ConfigurationError, "is no ledger"),
        (text, LedgerUnavailable, "cannot be read"),
        (tmp_path / "nothing", ConfigurationError, "there is no backup"),
    ):
        with pytest.raises(error, match=words):
            restore(path, database)
    assert studies_in(database) == {"1.1"}


def test_database_of_a_server_is_left_to_its_own_tools() -> None:
    with pytest.raises(ConfigurationError, match="pg_dump"):
        database_file("postgresql+psycopg://preread@127.0.0.1/preread")
