import json
import sqlite3
from collections.abc import Iterator
from pathlib import Path

import pytest

from service.errors import ConfigurationError
from service.study.state import StudyState
from tests.unit.cli.conftest import Run
from tests.unit.recover.site import Site, images


def test_upgrade_makes_the_tables(run: Run, tmp_path: Path) -> None:
    result = run("ledger", "upgrade")

    assert result.exit_code == 0
    assert "the ledger has the tables of this version" in result.output
    with sqlite3.connect(tmp_path / "data" / "ledger.sqlite3") as connection:
        assert connection.execute("SELECT count(*) FROM studies").fetchone() == (0,)
    connection.close()


@pytest.fixture
def site(tmp_path: Path) -> Iterator[Site]:
    """On the folder of `run`."""
    site = Site(tmp_path / "data")
    yield site
    site.close()


def test_rebuild_tells_what_was_entered_and_what_is_lost(run: Run, site: Site) -> None:
    uid, old = site.receive(images(2)), site.receive(images(1))
    site.age(old)
    site.lose_ledger()

    result = run("ledger", "rebuild")

    assert result.exit_code == 0, result.output
    assert "lost with the ledger: accounts and tokens" in " ".join(result.output.split())
    assert (site.study(uid).state, site.study(old).state) == (StudyState.RECEIVED, StudyState.KEPT)
    again = run("ledger", "rebuild")
    assert isinstance(again.exception, ConfigurationError)
    assert "--add-missing" in str(again.exception)


def test_rebuild_for_machines_names_damaged_files(run: Run, site: Site) -> None:
    study = images(2)
    site.receive(study)
    path = site.file_of(study[0].SOPInstanceUID)
    path.write_bytes(path.read_bytes()[:-1])
    site.lose_ledger()

    result = run("ledger", "rebuild", "--json")

    assert result.exit_code == 1
    told = json.loads(result.stdout.splitlines()[-1])
    assert (told["dry_run"], told["instances_entered"], told["fault_count"]) == (False, 1, 1)
    assert told["faults"][0]["key"].endswith(path.name)
    assert "name" in told["faults"][0]["reason"]


@pytest.mark.parametrize(("option", "state"), [("--hold", StudyState.KEPT), ("--all", StudyState.RECEIVED)])
def test_all_or_none_can_be_asked_for(run: Run, site: Site, option: str, state: StudyState) -> None:
    uids = [site.receive(images(1)) for _ in range(2)]
    site.age(uids[0])
    site.lose_ledger()
    assert run("ledger", "rebuild", option).exit_code == 0
    assert {site.study(uid).state for uid in uids} == {state}


def test_options_that_make_no_sense_are_said(run: Run) -> None:
    assert "exclude each other" in str(run("ledger", "rebuild", "--all", "--hold").exception)
    assert "--since" in str(run("ledger", "rebuild", "--since", "soon").exception)


def test_check_says_what_to_do(run: Run, site: Site) -> None:
    site.receive(images(2))
    assert "agree" in run("ledger", "check", "--all").output
    site.store.delete(site.store.keys("instances/")[0])

    result = run("ledger", "check")

    assert result.exit_code == 1
    assert "1 without their bytes: restore these files" in " ".join(result.output.split())
    told = json.loads(run("ledger", "check", "--json").stdout.splitlines()[-1])
    assert (told["is_sound"], told["missing_count"]) == (False, 1)


def test_backup_is_restored(run: Run, site: Site, tmp_path: Path) -> None:
    uid = site.receive(images(1))
    copy = str(tmp_path / "copy")
    assert run("ledger", "backup", copy).exit_code == 0
    later = site.receive(images(1))
    site.close()

    result = run("ledger", "restore", copy)

    assert result.exit_code == 0, result.output
    assert "--add-missing" in result.output
    with site.ledger.read() as tx:
        assert (tx.studies.find(uid) is None, tx.studies.find(later) is None) == (False, True)
    assert run("ledger", "rebuild", "--add-missing").exit_code == 0
    assert site.study(later).state is StudyState.RECEIVED
