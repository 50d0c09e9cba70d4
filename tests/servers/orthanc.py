"""Orthanc, an open-source PACS, as a plain process with its defaults: it takes C-STORE from anybody."""

import json
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.servers.certificates import Hospital
from tests.servers.process import HOST, ServerProcess, free_port, temporary_folder
from tests.servers.programs import require


class Orthanc:
    """One Orthanc: DICOM, REST and DICOMweb (under `http_url` + `/dicom-web`).

    `settings` are of its configuration, beside or in place of those here.
    """

    ae_title = "ORTHANC"
    host = HOST

    def __init__(self, folder: Path, **settings: Any) -> None:
        self._program = require("Orthanc", "orthanc orthanc-dicomweb")
        self._folder = folder
        self._settings = settings
        self.dicom_port = free_port()
        self.http_port = free_port()
        self._process: ServerProcess | None = None

    @property
    def http_url(self) -> str:
        """Base of the REST API, without a slash at the end."""
        return f"http://{HOST}:{self.http_port}"

    def start(self) -> None:
        """Start Orthanc; return once REST and DICOM answer."""
        # Without TCP_NODELAY every instance waits about 40 ms for a delayed acknowledgement.
        self._process = ServerProcess(
            [str(self._program), str(self._write_configuration())],
            self._folder / "output.log",
            {"TCP_NODELAY": "1"},
        )
        self._process.wait_for_port(self.http_port)
        self._process.wait_for_port(self.dicom_port)

    def stop(self) -> None:
        """Stop in order; the data stay for the next `start`."""
        if self._process is not None:
            self._process.stop()
            self._process = None

    def kill(self) -> None:
        """SIGKILL, as a loss of power would end it."""
        if self._process is not None:
            self._process.kill()
            self._process = None

    def rest(self, method: str, path: str, body: Any = None) -> Any:
        """Call the REST API, e.g. `rest("GET", "/studies")`. Raises on an error status."""
        answer = httpx.request(method, f"{self.http_url}{path}", json=body, timeout=30.0)
        answer.raise_for_status()
        is_json = "json" in answer.headers.get("content-type", "")  # application/dicom+json too
        return answer.json() if is_json else answer.content

    def rest_store(self, file: bytes) -> None:
        """Store a DICOM file. Raises on an error status."""
        answer = httpx.post(f"{self.http_url}/instances", content=file, timeout=30.0)
        answer.raise_for_status()

    def instances(self) -> list[dict[str, str]]:
        """The main attributes of every instance, among them SOPClassUID, SOPInstanceUID, StudyInstanceUID."""
        return [
            self.rest("GET", f"/instances/{identifier}/simplified-tags")
            for identifier in self.rest("GET", "/instances")
        ]

    def dicom_file(self, sop_instance_uid: str) -> bytes:
        """The stored object as a DICOM file. Raises KeyError where there is none."""
        query = {"Level": "Instance", "Query": {"SOPInstanceUID": sop_instance_uid}}
        found = self.rest("POST", "/tools/find", query)
        if not found:
            raise KeyError(sop_instance_uid)
        data: bytes = self.rest("GET", f"/instances/{found[0]}/file")
        return data

    def count_by_sop_class(self) -> dict[str, int]:
        """How many instances of each SOP Class UID there are."""
        classes = [instance["SOPClassUID"] for instance in self.instances()]
        return {sop_class_uid: classes.count(sop_class_uid) for sop_class_uid in classes}

    def wait_for_instances(self, count: int, timeout_s: float = 60.0) -> list[dict[str, str]]:
        """The instances, once there are at least `count`. Raises TimeoutError."""
        deadline = time.monotonic() + timeout_s
        while len(self.rest("GET", "/instances")) < count:
            if time.monotonic() > deadline:
                raise TimeoutError(f"Orthanc holds {len(self.instances())} instances, not {count}")
            time.sleep(0.1)
        return self.instances()

    def add_modality(self, name: str, ae_title: str, port: int) -> None:
        """Make a peer on this machine known: for C-MOVE to it, and for storage commitment with it."""
        self.rest("PUT", f"/modalities/{name}", {"AET": ae_title, "Host": HOST, "Port": port})

    def clear(self) -> None:
        """Forget every patient, and every peer that was made known."""
        for kind in ("patients", "modalities"):
            for identifier in self.rest("GET", f"/{kind}"):
                self.rest("DELETE", f"/{kind}/{identifier}")

    def _write_configuration(self) -> Path:
        path = self._folder / "orthanc.json"
        settings = {
            "Name": "preread-tests",
            "StorageDirectory": str(self._folder / "storage"),
            "IndexDirectory": str(self._folder / "index"),
            "DicomAet": self.ae_title,
            "DicomPort": self.dicom_port,
            "HttpPort": self.http_port,
            "RemoteAccessAllowed": False,
            "AuthenticationEnabled": False,
            "DicomModalitiesInDatabase": True,  # peers that were made known outlive a restart
            "Plugins": ["/usr/share/orthanc/plugins"],
            **self._settings,
        }
        path.write_text(json.dumps(settings))
        return path


@pytest.fixture(scope="session")
def orthanc_server() -> Iterator[Orthanc]:
    """A running Orthanc. A test that stops or kills it starts it again."""
    with temporary_folder("orthanc") as folder:
        server = Orthanc(folder)
        try:
            server.start()
            yield server
        finally:
            server.stop()


@pytest.fixture(scope="session")
def tls_orthanc_server(hospital: Hospital) -> Iterator[Orthanc]:
    """A running Orthanc that speaks DICOM over mutual TLS only."""
    tls = {
        "DicomTlsEnabled": True,
        "DicomTlsCertificate": str(hospital.pacs.certificate),
        "DicomTlsPrivateKey": str(hospital.pacs.key),
        "DicomTlsTrustedCertificates": str(hospital.authority.certificate),
        "DicomTlsRemoteCertificateRequired": True,
    }
    with temporary_folder("orthanc-tls") as folder:
        server = Orthanc(folder, **tls)
        try:
            server.start()
            yield server
        finally:
            server.stop()


@pytest.fixture
def tls_orthanc(tls_orthanc_server: Orthanc) -> Orthanc:
    """An empty Orthanc that speaks DICOM over mutual TLS only."""
    tls_orthanc_server.clear()
    return tls_orthanc_server


@pytest.fixture
def orthanc(orthanc_server: Orthanc) -> Orthanc:
    """An empty Orthanc."""
    orthanc_server.clear()
    return orthanc_server
