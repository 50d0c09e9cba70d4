"""The images of docker/, built without a registry and run by runc as compose runs them."""

import json
import tomllib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest
from pydicom import dcmread

from tests.integration.scanner import SC_CLASS, SR_CLASS, new_study, send_to, write
from tests.servers.container import Container
from tests.servers.dcmtk import Dcmtk
from tests.servers.images import ROOT, Image
from tests.servers.orthanc import Orthanc
from tests.servers.process import HOST, ServerProcess, free_port, temporary_folder

pytestmark = [pytest.mark.integration, pytest.mark.timeout(1200)]

USER = 65532
DEPARTMENT = ROOT / "docker" / "preread.toml"
WHAT_IT_IS = """
import json, os
from importlib.metadata import distributions
from importlib.util import find_spec
from pathlib import Path

def writable(folder):
    try:
        (Path(folder) / "probe").write_text("")
    except OSError:
        return False
    return True

print(json.dumps({
    "uid": os.getuid(),
    "writable": [one for one in ("/", "/etc", "/opt/preread", "/data", "/tmp") if writable(one)],
    "engines": [one for one in ("onnxruntime", "torch", "tensorrt") if find_spec(one)],
    "installed": {one.metadata["Name"]: one.version for one in distributions()},
}))
"""


@pytest.fixture
def folder() -> Iterator[Path]:
    """Not pytest's: the image's user could not enter that."""
    with temporary_folder("image") as path:
        path.chmod(0o755)
        (path / "data").mkdir()
        (path / "data").chmod(0o777)
        yield path


def described(image: Image, folder: Path) -> dict[str, object]:
    container = Container(image, folder, {"/data": str(folder / "data")})
    done = container.run_program("/opt/preread/bin/python", "-c", WHAT_IT_IS)
    assert done.returncode == 0, done.stderr
    found: dict[str, object] = json.loads(done.stdout)
    return found


def test_service_image_has_no_engine_and_writes_to_data_and_tmp_only(
    service_image: Image, folder: Path
) -> None:
    found = described(service_image, folder)

    assert (found["uid"], found["writable"], found["engines"]) == (USER, ["/data", "/tmp"], [])


def test_cpu_image_adds_onnx_runtime_and_nothing_else_that_runs_networks(
    cpu_image: Image, folder: Path
) -> None:
    assert described(cpu_image, folder)["engines"] == ["onnxruntime"]


# protobuf's wheel has its licence, 3-Clause BSD, in words only, which the bill's maker does not take.
@pytest.mark.parametrize(("name", "without"), [("service_image", ["protobuf"]), ("cpu_image", ["protobuf"])])
def test_bill_of_materials_lists_what_is_installed_with_licences(
    name: str, without: list[str], folder: Path, request: pytest.FixtureRequest
) -> None:
    image: Image = request.getfixturevalue(name)
    bill = json.loads((image.root / "opt/preread/share/doc/preread/sbom.cdx.json").read_text())

    assert bill["bomFormat"] == "CycloneDX"
    listed = {one["name"]: one["version"] for one in bill["components"]}
    assert listed == described(image, folder)["installed"]
    assert [one["name"] for one in bill["components"] if not one.get("licenses")] == without


def test_image_says_what_it_is(service_image: Image) -> None:
    version = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["version"]
    labels = service_image.config["Labels"]

    assert labels["org.opencontainers.image.title"] == "preread"
    assert labels["org.opencontainers.image.version"] == version
    assert labels["org.opencontainers.image.licenses"] == "Apache-2.0"
    assert service_image.config["Healthcheck"]["Test"] == ["CMD", "preread-health"]
    assert (service_image.root / "opt/preread/share/doc/preread/LICENSE").is_file()


def test_image_answers_on_the_command_line(service_image: Image, folder: Path) -> None:
    container = Container(service_image, folder, {"/etc/preread/preread.toml": f"{DEPARTMENT}:ro"})

    shown = container.run("--version")
    helped = container.run("--help")
    checked = container.run("config", "check")

    assert (shown.returncode, shown.stdout.strip()) == (0, f"preread {labelled_version(service_image)}")
    assert (helped.returncode, "Receive studies by C-STORE" in helped.stdout) == (0, True)
    assert (checked.returncode, "the configuration can be used" in checked.stdout) == (0, True), checked
    assert "would not start" in checked.stdout  # a worker would not, here: this image has no engine


def labelled_version(image: Image) -> str:
    return str(image.config["Labels"]["org.opencontainers.image.version"])


@contextmanager
def running(container: Container, *command: str) -> Iterator[ServerProcess]:
    process = container.start(*command)
    try:
        yield process
    finally:
        process.stop()


def test_whole_service_runs_from_the_cpu_image(
    cpu_image: Image, folder: Path, orthanc: Orthanc, dcmtk: Dcmtk
) -> None:
    dicom_port, web_port = free_port(), free_port()
    configuration = folder / "preread.yaml"
    configuration.write_text(
        json.dumps(
            {
                "data_folder": "/data",
                "log_format": "json",
                "accept": {"bind": HOST, "port": dicom_port, "min_free_bytes": 0},
                "assemble": {"quiet_period_s": 1.0},
                "infer": {"threads": 1},
                "worklist": {"port": web_port},
                "destinations": [
                    {
                        "name": "pacs",
                        "host": HOST,
                        "port": orthanc.dicom_port,
                        "ae_title": orthanc.ae_title,
                    }
                ],
                "rules": [
                    {
                        "name": "us",
                        "when": {"Modality": "US"},
                        "classifiers": ["us-mass"],
                        "destinations": ["pacs"],
                    }
                ],
            }
        )
    )
    mounts = {"/data": str(folder / "data"), "/etc/preread/preread.yaml": f"{configuration}:ro"}
    container = Container(cpu_image, folder, mounts)
    study = write(new_study(), folder / "study")

    with running(container, "--config", "/etc/preread/preread.yaml", "run") as process:
        process.wait_for_port(dicom_port)
        process.wait_for_port(web_port)
        environment = ("env", "PREREAD_CONFIG=/etc/preread/preread.yaml")
        healthy = container.execute(*environment, "preread-health")
        assert healthy.returncode == 0, healthy.stderr
        send_to(dcmtk, dicom_port, study)
        orthanc.wait_for_instances(3)
        process.wait_until(lambda: state_of(web_port, study[0]) == "delivered")

    assert orthanc.count_by_sop_class() == {SR_CLASS: 1, SC_CLASS: 2}
    assert (folder / "data" / "ledger.sqlite3").stat().st_uid == USER
    ill = container.run_program(*environment, "preread-health", "run")
    assert ill.returncode == 1, "a service that does not run is not healthy"


def state_of(web_port: int, image: Path) -> str:
    uid = str(dcmread(image).StudyInstanceUID)
    study = (
        httpx.get(f"http://{HOST}:{web_port}/api/v1/studies/{uid}", timeout=30.0).raise_for_status().json()
    )
    return str(study["entry"]["state"])
