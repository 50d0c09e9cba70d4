"""The department set-up, judged by what docker-compose makes of it."""

import re
from pathlib import Path

import pytest
import yaml

from service.config.metrics import ROLES
from tests.unit.docker.composition import FOLDER, WITH_S3, compose, composition, services

OURS = {"accept", "infer", "infer-gpu", "send", "worklist"}
ONCE = {"s3-bucket"}
NAMES = [
    "accept",
    "grafana",
    "infer",
    "infer-gpu",
    "orthanc",
    "postgres",
    "prometheus",
    "rabbitmq",
    "s3",
    "s3-bucket",
    "send",
    "worklist",
]
SECRET = re.compile(r"pass|secret|token|key", re.IGNORECASE)


def test_every_service_is_looked_at_here() -> None:
    assert sorted(services(WITH_S3)) == NAMES
    assert sorted(services()) == [name for name in NAMES if not name.startswith("s3")]


@pytest.mark.parametrize("name", NAMES)
def test_service_is_locked_down(name: str) -> None:
    service = services(WITH_S3)[name]

    user, group = service["user"].split(":")
    assert int(user) > 0 < int(group)
    assert service["read_only"] is True
    assert service["cap_drop"] == ["ALL"]
    assert "cap_add" not in service
    assert not service.get("privileged")
    assert service["security_opt"] == ["no-new-privileges:true"]
    assert "docker.sock" not in str(service.get("volumes"))


@pytest.mark.parametrize("name", NAMES)
def test_service_is_watched_bounded_and_started_again(name: str) -> None:
    service = services(WITH_S3)[name]

    if name in ONCE:
        assert service["restart"] == "on-failure"
    else:
        assert service["healthcheck"]["test"][0] == "CMD"
        assert service["restart"] == "unless-stopped"
    limits = service["deploy"]["resources"]["limits"]
    assert {"cpus", "memory", "pids"} <= set(limits)
    assert service["logging"]["options"]["max-size"]


@pytest.mark.parametrize("name", NAMES)
def test_no_secret_is_in_environment_or_command(name: str) -> None:
    service = services(WITH_S3)[name]

    named = {key: value for key, value in service.get("environment", {}).items() if SECRET.search(key)}
    assert {key: value for key, value in named.items() if not str(value).startswith("/run/secrets/")} == {}
    assert not any(SECRET.search(word.split("=")[0]) for word in service.get("command") or [])


def test_every_image_can_be_named_by_a_variable() -> None:
    written = {
        name: service
        for file in WITH_S3
        for name, service in yaml.safe_load((FOLDER / file).read_text())["services"].items()
    }
    images = {name: service["image"] for name, service in written.items() if "image" in service}
    assert set(images) >= set(services(WITH_S3)) - OURS

    assert {name: image for name, image in images.items() if not re.fullmatch(r"\$\{\w+:-.+\}", image)} == {}


def test_only_scanners_reach_the_machine_from_outside() -> None:
    outside = {
        name: [port["target"] for port in service["ports"] if port.get("host_ip") != "127.0.0.1"]
        for name, service in services().items()
        if "ports" in service
    }
    assert {name: ports for name, ports in outside.items() if ports} == {"accept": [11112]}


def test_database_and_broker_are_on_a_network_that_leads_nowhere() -> None:
    networks = composition()["networks"]

    assert networks["core"]["internal"] is True
    for name in ("postgres", "rabbitmq", "s3", "s3-bucket"):
        assert set(services(WITH_S3)[name]["networks"]) == {"core"}
        assert "ports" not in services(WITH_S3)[name]


def test_every_role_runs_and_waits_for_its_servers() -> None:
    ours = {name: service for name, service in services().items() if name in OURS}

    assert {service["command"][0] for service in ours.values()} == set(ROLES)
    for service in ours.values():
        needed = {name: need["condition"] for name, need in service["depends_on"].items()}
        assert needed == {"postgres": "service_healthy", "rabbitmq": "service_healthy"}
        assert service["healthcheck"]["test"] == ["CMD", "preread-health", service["command"][0]]
        assert service["user"] == "65532:65532"


def test_with_an_object_store_every_role_waits_for_its_bucket() -> None:
    for name in OURS:
        service = services(WITH_S3)[name]
        assert service["depends_on"]["s3-bucket"]["condition"] == "service_completed_successfully"
        assert service["depends_on"]["postgres"]["condition"] == "service_healthy"


def test_one_worker_runs_by_profile() -> None:
    assert services()["infer"]["profiles"] == ["cpu"]
    assert services()["infer-gpu"]["profiles"] == ["gpu"]
    (device,) = services()["infer-gpu"]["deploy"]["resources"]["reservations"]["devices"]
    assert device["capabilities"] == ["gpu"]


def test_compose_refuses_a_misspelt_key(tmp_path: Path) -> None:
    """What the tests above rely on: docker-compose does validate."""
    text = (FOLDER / "compose.yaml").read_text()
    (tmp_path / "compose.yaml").write_text(text.replace("read_only: true", "readonly: true"))

    done = compose("config", "--quiet", folder=tmp_path, DATA="/srv/preread")

    assert done.returncode != 0
    assert "readonly" in done.stderr


def test_without_set_up_compose_says_what_to_do(tmp_path: Path) -> None:
    (tmp_path / "compose.yaml").write_text((FOLDER / "compose.yaml").read_text())

    done = compose("config", "--quiet", folder=tmp_path)

    assert done.returncode != 0
    assert "run docker/set-up" in done.stderr
