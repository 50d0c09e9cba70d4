"""Scanners against a small PACS: what it then holds, and what the scanners say."""

import threading
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console

from service.cli.demo.pacs import DemoPacs
from service.cli.simulate.plan import planned
from service.cli.simulate.report import document
from service.cli.simulate.run import Simulation
from service.config import Destination
from tests.servers.process import free_port
from tests.unit.cli.simulate.builders import scanner, scenario

# pynetdicom's server leaves a socket to the garbage collector when its client ends without a word.
pytestmark = pytest.mark.filterwarnings(
    "ignore:unclosed <socket:ResourceWarning",
    "ignore:Exception ignored in. <socket:pytest.PytestUnraisableExceptionWarning",
)

SPEED_UP = 20.0


def send(
    pacs: DemoPacs | int, *scanners: dict[str, Any], stop: threading.Event | None = None, **values: Any
) -> dict[str, Any]:
    """Send a scenario, and what is told of it."""
    wanted = scenario(*scanners, **values)
    port = pacs if isinstance(pacs, int) else pacs.port
    peer = Destination(name="node", host="127.0.0.1", port=port, ae_title="PACS")
    console = Console(quiet=True)
    run = Simulation(peer, wanted, "1", SPEED_UP, console, stop or threading.Event())
    return document(run.send(planned(wanted, "1")))


@pytest.fixture
def pacs(tmp_path: Path) -> Any:
    with DemoPacs(tmp_path / "pacs") as running:
        yield running


def test_everything_that_was_planned_arrives_once(pacs: DemoPacs) -> None:
    told = send(pacs)
    assert told["studies"]["sent"] == told["studies"]["planned"] > 0
    assert told["images"]["acknowledged"] == len(pacs.stored) > 0
    assert told["statuses"] == {"0x0000": len(pacs.stored)}
    assert told["c_store_s"]["count"] == len(pacs.stored)
    assert told["c_store_s"]["p50"] <= told["c_store_s"]["max"]
    assert pacs.duplicates == 0


def test_modalities_and_scanners_send_side_by_side(pacs: DemoPacs) -> None:
    told = send(pacs, scanner(count=2, associations=2), scanner(name="mr", ae_title="SIM-MR", modality="MR"))
    assert {one.modality for one in pacs.stored} == {"US", "MR"}
    assert len({one.study_instance_uid for one in pacs.stored}) == told["studies"]["planned"]


def test_aborted_study_is_completed_over_a_new_association(pacs: DemoPacs) -> None:
    told = send(pacs, scanner(misbehaviour={"abort": 1.0}))
    assert told["associations"]["aborted"] == told["studies"]["planned"]
    assert told["images"]["given_up"] == 0
    assert told["images"]["acknowledged"] == len(pacs.stored)


def test_repeated_study_comes_twice(pacs: DemoPacs) -> None:
    told = send(pacs, scanner(misbehaviour={"repeat": 1.0}))
    assert told["images"]["repeated"] == len(pacs.stored) == pacs.duplicates > 0


def test_late_image_comes_over_an_association_of_its_own(pacs: DemoPacs) -> None:
    told = send(pacs, scanner(misbehaviour={"late": 1.0}))
    assert told["associations"]["accepted"] == 2 * told["studies"]["planned"]
    assert told["images"]["acknowledged"] == len(pacs.stored)


def test_image_in_a_wrong_syntax_is_refused_and_the_rest_is_kept(pacs: DemoPacs) -> None:
    told = send(pacs, scanner(misbehaviour={"wrong_syntax": 1.0}))
    assert told["images"]["refused"] == told["studies"]["planned"]
    assert told["images"]["acknowledged"] == len(pacs.stored) > 0


def test_connection_can_end_without_a_release(pacs: DemoPacs) -> None:
    told = send(pacs, scanner(misbehaviour={"no_release": 1.0}))
    assert told["associations"]["dropped"] == told["studies"]["planned"]
    assert "released" not in told["associations"]
    assert told["images"]["acknowledged"] == len(pacs.stored)


def test_without_a_peer_images_are_given_up_after_the_attempts() -> None:
    told = send(free_port(), retries=1)
    assert told["images"]["acknowledged"] == 0
    assert told["images"]["given_up"] > 0
    assert told["associations"]["broken"] == 2 * told["studies"]["planned"]


def test_rejected_association_is_counted_as_such(tmp_path: Path) -> None:
    from pynetdicom import AE
    from pynetdicom.sop_class import Verification

    ae = AE("OTHER")
    ae.require_called_aet = True
    ae.add_supported_context(Verification)
    server = ae.start_server(("127.0.0.1", 0), block=False)
    try:
        told = send(server.server_address[1], retries=0)
    finally:
        server.shutdown()
    assert told["associations"] == {"rejected": told["studies"]["planned"]}


def test_stopped_simulation_ends_soon_and_still_reports(pacs: DemoPacs) -> None:
    stop = threading.Event()
    threading.Timer(0.3, stop.set).start()
    told = send(pacs, hours=24.0, stop=stop)
    assert told["seconds"] < 10
    assert told["studies"]["sent"] < told["studies"]["planned"]
