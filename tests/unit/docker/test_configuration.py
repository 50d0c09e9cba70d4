"""docker/preread.toml fits the service, and compose.yaml around it."""

import json
import subprocess

import pytest
import yaml

from service.config import Settings
from service.config.load import load_settings
from service.wiring.check import check
from tests.servers.programs import require
from tests.unit.docker.composition import FOLDER, WITH_S3, services


@pytest.fixture(scope="module")
def settings() -> Settings:
    return load_settings(FOLDER / "preread.toml")


def test_configuration_can_be_used(settings: Settings) -> None:
    check(settings)


def test_configuration_names_the_services_around_it(settings: Settings) -> None:
    assert "@postgres/" in settings.ledger_url
    assert "@rabbitmq:5672" in settings.broker.url
    (destination,) = settings.destinations
    orthanc = json.loads((FOLDER / "orthanc.json").read_text())
    assert (destination.host, destination.port) == ("orthanc", orthanc["DicomPort"])
    assert destination.ae_title == orthanc["DicomAet"]
    (peer,) = orthanc["DicomModalities"].values()
    expected = (settings.accept.ae_title, "accept", settings.accept.port)
    assert (peer["AET"], peer["Host"], peer["Port"]) == expected


def test_published_ports_are_the_ones_that_are_listened_on(settings: Settings) -> None:
    published = {
        name: [port["target"] for port in services()[name]["ports"]] for name in ("accept", "worklist")
    }
    assert published == {"accept": [settings.accept.port], "worklist": [settings.worklist.port]}


def test_secrets_are_read_where_compose_puts_them(settings: Settings) -> None:
    files = {secret["target"] for secret in services()["send"]["secrets"]}
    assert str(settings.broker.password_file) in files
    assert settings.ledger_url.partition("passfile=")[2] in files
    assert settings.data_folder.as_posix() in {one["target"] for one in services()["accept"]["volumes"]}


def test_object_store_is_the_one_beside_it(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    assert settings.store.kind == "filesystem"
    send = services(WITH_S3)["send"]
    for name, value in send["environment"].items():
        monkeypatch.setenv(name, value)

    kept = load_settings(FOLDER / "preread.toml").store

    assert (kept.kind, kept.bucket, kept.endpoint_url) == ("s3", "preread", "http://s3:8333")
    assert str(kept.credentials_file) in {secret["target"] for secret in send["secrets"]}


def test_a_role_is_killed_only_after_it_was_to_have_drained(settings: Settings) -> None:
    grace = services()["infer"]["stop_grace_period"]
    assert grace.endswith("s")
    assert float(grace.removesuffix("s")) > settings.drain_s


def test_prometheus_takes_its_configuration() -> None:
    program = require("promtool", "prometheus")
    path = FOLDER / "monitoring" / "prometheus.yml"

    done = subprocess.run(
        [str(program), "check", "config", str(path)], capture_output=True, text=True, check=False
    )

    assert done.returncode == 0, done.stderr
    jobs = yaml.safe_load(path.read_text())["scrape_configs"]
    hosts = {
        target.partition(":")[0] for job in jobs for one in job["static_configs"] for target in one["targets"]
    }
    assert hosts - {"127.0.0.1"} <= set(services())


def test_rabbitmq_has_the_plugin_that_prometheus_asks() -> None:
    assert (FOLDER / "rabbitmq" / "enabled_plugins").read_text() == "[rabbitmq_prometheus].\n"
    lines = (FOLDER / "rabbitmq" / "preread.conf").read_text().splitlines()
    assert "prometheus.tcp.port = 15692" in lines
