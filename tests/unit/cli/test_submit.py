import json
from pathlib import Path

import pytest

from service.cli.demo.pacs import DemoPacs
from service.errors import ConfigurationError, PeerUnavailable
from tests.servers.process import free_port
from tests.unit.accept.doubles import Desk
from tests.unit.accept.stow.web import serving
from tests.unit.cli.conftest import Run
from tests.unit.cli.test_routing import write_study

# pynetdicom leaves a socket that never connected to the garbage collector.
pytestmark = pytest.mark.filterwarnings(
    "ignore:unclosed <socket:ResourceWarning",
    "ignore:Exception ignored in. <socket:pytest.PytestUnraisableExceptionWarning",
)


def test_submit_sends_a_folder_and_says_what_became_of_each_file(run: Run, tmp_path: Path) -> None:
    folder = write_study(tmp_path / "study")
    with DemoPacs(tmp_path / "pacs") as pacs:
        result = run("submit", str(folder), "--to", f"PACS@127.0.0.1:{pacs.port}", "--json")
        stored = len(pacs.stored)

    outcomes = {Path(one["path"]).name: one["accepted"] for one in json.loads(result.output)}
    assert outcomes == {"0.dcm": True, "1.dcm": True, "notes.txt": False}
    assert (result.exit_code, stored) == (0, 2)


def test_submit_to_nobody_says_what_to_check(run: Run, tmp_path: Path) -> None:
    result = run("submit", str(write_study(tmp_path / "study")), "--to", f"PACS@127.0.0.1:{free_port()}")
    assert isinstance(result.exception, PeerUnavailable)
    assert "check host and port" in str(result.exception)


@pytest.mark.parametrize("node", ["PACS", "PACS@host", "PACS@host:99999", "A TITLE FAR TOO LONG@h:104"])
def test_node_that_is_none_is_refused(run: Run, tmp_path: Path, node: str) -> None:
    result = run("submit", str(tmp_path), "--to", node)
    assert isinstance(result.exception, ConfigurationError)


def test_submit_by_stow_says_what_became_of_each_file(run: Run, tmp_path: Path) -> None:
    desk, folder = Desk(), write_study(tmp_path / "study")
    with serving(desk) as port:
        result = run("submit", str(folder), "--stow", f"http://127.0.0.1:{port}", "--json")
    outcomes = {Path(one["path"]).name: one["accepted"] for one in json.loads(result.stdout.splitlines()[-1])}
    assert outcomes == {"0.dcm": True, "1.dcm": True, "notes.txt": False}
    assert (result.exit_code, len(desk.ledger.instances)) == (0, 2)


def test_submit_goes_one_way_only(run: Run, tmp_path: Path) -> None:
    result = run("submit", str(tmp_path), "--to", "PACS@127.0.0.1:104", "--stow", "http://127.0.0.1:8104")
    assert isinstance(result.exception, ConfigurationError)
