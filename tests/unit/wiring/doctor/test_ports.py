import socket
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from service.config import Settings
from service.telemetry.endpoint import Page, answering
from service.wiring.doctor.ports import look_at_ports
from tests.servers.process import HOST, free_port, free_ports
from tests.unit.wiring.doctor.told import check_words, outcomes, settings_in


@pytest.fixture
def ports() -> dict[str, int]:
    return {"accept": free_port(), "worklist": free_port(), "metrics": free_ports(4)[0]}


def with_ports(folder: Path, ports: dict[str, int], **accept: Any) -> Settings:
    return settings_in(
        folder,
        accept={"bind": HOST, "port": ports["accept"]} | accept,
        worklist={"port": ports["worklist"]},
        metrics={"port": ports["metrics"]},
    )


def test_free_ports_are_fine(tmp_path: Path, ports: dict[str, int]) -> None:
    found = outcomes(check_words(look_at_ports(with_ports(tmp_path, ports))))
    assert len(found) == 6
    assert {one for each in found.values() for one in each} == {"ok"}


def test_port_of_another_program_fails(tmp_path: Path, ports: dict[str, int]) -> None:
    with closing(socket.create_server((HOST, ports["accept"]))):
        found = check_words(look_at_ports(with_ports(tmp_path, ports)))
    assert outcomes(found)[f"accept port {ports['accept']}"] == ["failed"]
    (wrong,) = [one for one in found if one.outcome == "failed"]
    assert "not the role accept" in wrong.seen


def test_port_of_our_role_is_ours(tmp_path: Path, ports: dict[str, int]) -> None:
    with (
        closing(socket.create_server((HOST, ports["accept"]))),
        answering(HOST, ports["metrics"], {"/livez": lambda: Page(b"ok")}),
    ):
        found = outcomes(look_at_ports(with_ports(tmp_path, ports)))
    assert found[f"accept port {ports['accept']}"] == ["ok"]
    assert found[f"metrics port {ports['metrics']}"] == ["ok"]


def test_role_that_runs_without_its_port_is_told(tmp_path: Path, ports: dict[str, int]) -> None:
    with answering(HOST, ports["metrics"], {"/livez": lambda: Page(b"ok")}):
        found = outcomes(look_at_ports(with_ports(tmp_path, ports)))
    assert found[f"accept port {ports['accept']}"] == ["warning"]


def test_address_of_another_machine_fails(tmp_path: Path, ports: dict[str, int]) -> None:
    found = outcomes(check_words(look_at_ports(with_ports(tmp_path, ports, bind="192.0.2.7"))))
    assert found[f"accept port {ports['accept']}"] == ["failed"]


def test_whose_port_it_is_cannot_be_told_without_metrics(tmp_path: Path, ports: dict[str, int]) -> None:
    settings = settings_in(
        tmp_path, accept={"bind": HOST, "port": ports["accept"]}, metrics={"enabled": False}
    )
    with closing(socket.create_server((HOST, ports["accept"]))):
        found = outcomes(check_words(look_at_ports(settings)))
    assert found[f"accept port {ports['accept']}"] == ["warning"]
