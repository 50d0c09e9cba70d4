"""The service understands what the chart gives to each of its pods."""

import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from service.cli.main import app
from service.config import Settings
from service.config.load import load_settings
from service.study.messages import inference_queue
from service.study.model import Priority
from service.wiring.adapters import own_classifier_names
from tests.unit.deploy.chart import (
    EXAMPLES,
    Manifest,
    changed,
    component_of,
    container_of,
    named,
    of_kind,
    pod_of,
    render,
    rendered,
    workloads,
)

USER = "default_user_1"
MISSING = {"metrics", "store"} - set(Settings.model_fields)
"""Sections that the chart sets and the service does not have yet. Empty: everything is loaded as it is."""


def environment(workload: Manifest) -> dict[str, str]:
    """The variables of its container, references resolved as Kubernetes does."""
    found: dict[str, str] = {}
    for variable in container_of(workload)["env"]:
        value = variable.get("value", USER)
        found[variable["name"]] = re.sub(r"\$\((\w+)\)", lambda name: found[name[1]], value)
    return found


def settings_of(
    workload: Manifest, manifests: tuple[Manifest, ...], folder: Path, monkeypatch: pytest.MonkeyPatch
) -> Settings:
    """What the process in this pod reads."""
    for name, value in environment(workload).items():
        section = name.removeprefix("PREREAD_").partition("__")[0].lower()
        if name != "PREREAD_CONFIG" and section not in MISSING:
            monkeypatch.setenv(name, value)
    if component_of(workload) == "migrate":
        assert environment(workload)["PREREAD_CONFIG"] == ""
        return load_settings(None)
    path = folder / Path(environment(workload)["PREREAD_CONFIG"]).name
    values = configuration_of(manifests)
    path.write_text(yaml.safe_dump({key: value for key, value in values.items() if key not in MISSING}))
    return load_settings(path)


def configuration_of(manifests: tuple[Manifest, ...]) -> dict[str, Any]:
    """The preread.yaml of the ConfigMap."""
    values = yaml.safe_load(named(manifests, "ConfigMap", "preread")["data"]["preread.yaml"])
    assert isinstance(values, dict)
    return values


def loaded(example: str, folder: Path) -> list[tuple[Manifest, Settings]]:
    """Every workload of an example with its settings."""
    manifests = rendered(example)
    found = []
    for workload in workloads(manifests):
        with pytest.MonkeyPatch.context() as patch:
            found.append((workload, settings_of(workload, manifests, folder, patch)))
    return found


@pytest.mark.parametrize("example", EXAMPLES)
def test_every_pod_can_read_its_configuration(example: str, tmp_path: Path) -> None:
    for workload, settings in loaded(example, tmp_path):
        assert settings.data_folder == Path("/data")
        assert settings.ledger_url.startswith("postgresql+psycopg://")
        if component_of(workload) != "migrate":
            assert settings.rules[0].classifiers == ("us-mass",)
            assert settings.log_format == "json"
            assert settings.worklist.bind == settings.accept.bind == "0.0.0.0"


@pytest.mark.parametrize("example", EXAMPLES)
def test_every_pod_has_longer_to_end_than_it_takes_by_itself(example: str, tmp_path: Path) -> None:
    for workload, settings in loaded(example, tmp_path):
        sleep = container_of(workload).get("lifecycle", {}).get("preStop", {}).get("exec", {}).get("command")
        needs_s = settings.drain_s + (int(sleep[1]) if sleep else 0)
        assert pod_of(workload)["spec"]["terminationGracePeriodSeconds"] >= needs_s + 5


@pytest.mark.parametrize("example", EXAMPLES)
def test_every_file_that_a_role_reads_is_mounted(example: str, tmp_path: Path) -> None:
    for workload, settings in loaded(example, tmp_path):
        folders = [mount["mountPath"] for mount in container_of(workload)["volumeMounts"]]
        for file in files_of(component_of(workload), settings):
            assert any(Path(folder) in file.parents for folder in folders), file


def files_of(role: str, settings: Settings) -> list[Path]:
    accept, broker = settings.accept, settings.broker
    read: dict[str, list[Path | None]] = {
        "accept": [accept.tls.certificate, accept.tls.ca, accept.stow.tokens_file, broker.password_file],
        "infer": [broker.password_file, broker.tls.ca if broker.tls else None],
        "send": [
            broker.password_file,
            *(one.stow.bearer_token_file for one in settings.destinations if one.stow),
        ],
        "worklist": [settings.worklist.oidc.client_secret_file],
        "migrate": [],
    }
    root = re.search(r"sslrootcert=(/[^&]+)", settings.ledger_url)
    return [one for one in [*read[role], Path(root[1]) if root else None] if one]


@pytest.mark.parametrize("example", EXAMPLES)
def test_every_command_is_one_of_the_service(example: str) -> None:
    from typer.main import get_command

    for workload in workloads(rendered(example)):
        program, *words = container_of(workload)["command"]
        command: Any = get_command(app)
        for word in words:
            command = command.commands[word]
        assert program == "preread"


@pytest.mark.parametrize("example", EXAMPLES)
def test_ports_are_the_ones_that_the_service_listens_on(example: str, tmp_path: Path) -> None:
    for workload, settings in loaded(example, tmp_path):
        ports = {p["name"]: p["containerPort"] for p in container_of(workload).get("ports", [])}
        metrics = ports.pop("metrics", None)
        if "metrics" not in MISSING and metrics is not None:
            section: Any = getattr(settings, "metrics", None)
            assert metrics == section.port_of(component_of(workload))
        expected = {}
        if component_of(workload) == "worklist":
            expected = {"http": settings.worklist.port}
        elif component_of(workload) == "accept":
            expected = {"dicom": settings.accept.port}
            expected |= {"dicom-tls": settings.accept.tls.port} if settings.accept.tls.is_on else {}
            expected |= {"stow": settings.accept.stow.port} if settings.accept.stow.enabled else {}
        assert ports == expected


def test_workers_run_their_own_classifier_on_their_own_device(tmp_path: Path) -> None:
    workers = {w["metadata"]["name"]: s for w, s in loaded("gpu", tmp_path) if component_of(w) == "infer"}
    on_gpu, on_cpu = workers["site-preread-infer-us-mass"], workers["site-preread-infer-us-mass-cpu"]
    assert own_classifier_names(on_gpu) == own_classifier_names(on_cpu) == ["us-mass"]
    assert (on_gpu.infer.backend, on_gpu.infer.precision) == ("tensorrt", "fp16")
    assert (on_cpu.infer.backend, on_cpu.infer.precision) == ("onnxruntime", "fp32")
    assert (on_gpu.infer.largest_batch, on_gpu.infer.plan_folder) == (16, Path("/plans"))


def test_the_broker_is_named_without_its_password(tmp_path: Path) -> None:
    urls = {component_of(w): s.broker for w, s in loaded("operators", tmp_path)}
    assert urls["send"].url == f"amqps://{USER}@site-preread-rabbitmq.preread.svc:5671/%2F"
    assert urls["send"].password_file == Path("/etc/preread/rabbitmq/password")
    assert urls["worklist"].url == urls["migrate"].url  # the service's default: neither calls the broker


@pytest.mark.parametrize("example", ["operators", "gpu"])
def test_keda_looks_at_the_queues_that_the_service_declares(example: str) -> None:
    expected = {inference_queue("us-mass", priority) for priority in Priority}
    scaled = of_kind(rendered(example), "ScaledObject")
    assert scaled
    for one in scaled:
        assert {trigger["metadata"]["queueName"] for trigger in one["spec"]["triggers"]} == expected
        target = named(rendered(example), "Deployment", one["spec"]["scaleTargetRef"]["name"])
        assert "replicas" not in target["spec"]


@pytest.mark.parametrize("kind", ["none", "emptyDir", "claim"])
def test_success_is_durable_by_what_accept_has(
    kind: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    manifests = render(changed("minimal", "accept.journal", {"kind": kind}))
    (workload,) = [one for one in workloads(manifests) if component_of(one) == "accept"]

    settings = settings_of(workload, manifests, tmp_path, monkeypatch)

    assert settings.accept.durability == ("direct" if kind == "none" else "journal")
    assert workload["kind"] == ("StatefulSet" if kind == "claim" else "Deployment")
    mounted = [one["mountPath"] for one in container_of(workload)["volumeMounts"]]
    folder = settings.accept.journal_folder
    assert folder is None if kind == "none" else folder and str(folder.parent) in mounted


def test_images_lie_on_the_volume_that_all_pods_share() -> None:
    for workload in workloads(rendered("minimal")):
        if component_of(workload) != "migrate":
            mounts = {one["mountPath"]: one["name"] for one in container_of(workload)["volumeMounts"]}
            volumes = {one["name"]: one for one in pod_of(workload)["spec"]["volumes"]}
            claim = volumes[mounts["/data/store"]]["persistentVolumeClaim"]["claimName"]
            shared = named(rendered("minimal"), "PersistentVolumeClaim", claim)
            assert shared["spec"]["accessModes"] == ["ReadWriteMany"]
            assert shared["metadata"]["annotations"]["helm.sh/resource-policy"] == "keep"


def test_the_object_store_takes_the_place_of_the_volume() -> None:
    manifests = rendered("s3")
    assert of_kind(manifests, "PersistentVolumeClaim") == []
    assert configuration_of(manifests)["store"] == {
        "kind": "s3",
        "bucket": "preread",
        "endpoint_url": "https://objects.hospital",
        "region": "hospital-1",
        "prefix": "breast",
        "credentials_file": "/etc/preread/s3/credentials",
        "ca": "/etc/preread/s3/ca.crt",
    }
