"""STOW-RS on real sockets: what is stored, what is refused, and no waiting for a silent client."""

import socket
import ssl
import subprocess
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from pydicom import dcmread

from service.accept.stow import protocol
from service.errors import ConfigurationError, LedgerUnavailable
from tests.fakes.datasets import IMPLICIT_VR_LE, part10, us_dataset
from tests.servers.certificates import Authority
from tests.servers.process import HOST
from tests.servers.programs import require
from tests.unit.accept.doubles import Desk, wait_for
from tests.unit.accept.stow.bodies import BOUNDARY, CONTENT_TYPE, body
from tests.unit.accept.stow.web import module, post, serving

TOKEN = "a-token-of-the-test"


def request_head(length: int, expect: bool = False) -> bytes:
    lines = [
        "POST /studies HTTP/1.1",
        "Host: test",
        f"Content-Type: {CONTENT_TYPE}",
        f"Content-Length: {length}",
    ]
    return "\r\n".join([*lines, *(["Expect: 100-continue"] if expect else []), "", ""]).encode()


def answer(connection: socket.socket) -> bytes:
    """All until the server closes."""
    received = b""
    while data := connection.recv(65536):
        received += data
    return received


def test_study_is_stored_and_every_instance_is_named() -> None:
    desk, datasets = Desk(), [us_dataset(StudyInstanceUID="1.2.3") for _ in range(3)]
    files = [part10(datasets[0]), part10(datasets[1], IMPLICIT_VR_LE), part10(datasets[2])]
    with serving(desk) as port:
        response = post(port, body(*files), study="1.2.3")
    stored = [item.ReferencedSOPInstanceUID for item in module(response).ReferencedSOPSequence]
    assert response.status_code == 200
    assert stored == list(desk.ledger.instances) == [one.SOPInstanceUID for one in datasets]
    assert {one.calling_ae_title for one in desk.ledger.instances.values()} == {"STOW-RS"}


def test_body_may_come_in_chunks_of_any_size() -> None:
    desk, data = Desk(), body(part10(us_dataset()), part10(us_dataset(PixelData=bytes(300_000))))

    def chunks() -> Iterator[bytes]:
        for start in range(0, len(data), 777):
            yield data[start : start + 777]

    with serving(desk) as port:
        assert post(port, chunks()).status_code == 200
    assert len(desk.ledger.instances) == 2


def test_good_instances_are_stored_beside_bad_ones() -> None:
    desk, good = Desk(), us_dataset(StudyInstanceUID="1.2.3")
    other = us_dataset()
    with serving(desk) as port:
        response = post(port, body(part10(other), b"junk" * 100, part10(good)), study="1.2.3")
    found = module(response)
    assert response.status_code == 202
    assert [one.ReferencedSOPInstanceUID for one in found.ReferencedSOPSequence] == [good.SOPInstanceUID]
    assert [(one.ReferencedSOPInstanceUID, one.FailureReason) for one in found.FailedSOPSequence] == [
        (other.SOPInstanceUID, 0xC409)
    ]
    assert [one.FailureReason for one in found.OtherFailuresSequence] == [0xC000]


def test_body_that_breaks_off_keeps_what_was_whole() -> None:
    desk, first = Desk(), us_dataset()
    with serving(desk) as port:
        response = post(port, body(part10(first), part10(us_dataset()))[:-100])
        nothing = post(port, body(part10(us_dataset()))[:-100])
    assert (response.status_code, nothing.status_code) == (202, 400)
    assert list(desk.ledger.instances) == [first.SOPInstanceUID]


@pytest.mark.parametrize(
    ("content_type", "status"),
    [
        ("application/dicom", 415),
        (f'multipart/related; type="application/dicom+json"; boundary={BOUNDARY}', 415),
        ('multipart/related; type="application/dicom"', 400),
    ],
)
def test_request_of_another_kind_is_refused_with_words(content_type: str, status: int) -> None:
    desk = Desk()
    with serving(desk) as port:
        response = post(port, body(part10(us_dataset())), headers={"Content-Type": content_type})
    assert (response.status_code, desk.ledger.instances) == (status, {})
    assert "boundary" in response.text


def test_what_follows_studies_must_be_a_uid() -> None:
    with serving(Desk()) as port:
        assert post(port, body(part10(us_dataset())), study="latest").status_code == 400


def test_parts_of_another_kind_are_refused() -> None:
    with serving(Desk()) as port:
        response = post(port, body(b"{}", header=b"Content-Type: application/dicom+json\r\n"))
    assert response.status_code == 415
    assert len(module(response).OtherFailuresSequence) == 1


def test_want_of_resources_is_told_as_such() -> None:
    desk = Desk()
    desk.ledger.failure = LedgerUnavailable("away")
    with serving(desk) as port:
        response = post(port, body(part10(us_dataset())))
    assert (response.status_code, response.headers["retry-after"]) == (503, "30")
    assert module(response).FailedSOPSequence[0].FailureReason == 0xA700


def test_instance_above_the_bound_is_too_large() -> None:
    with serving(Desk(max_instance_bytes=1024)) as port:
        assert post(port, body(part10(us_dataset(PixelData=bytes(5000))))).status_code == 413


def test_token_is_asked_for_and_names_the_sender(tmp_path: Path) -> None:
    desk, path = Desk(), tmp_path / "tokens"
    path.write_text(f"ROOM_7 {TOKEN}\n")
    with serving(desk, tokens_file=path) as port:
        nobody = post(port, body(part10(us_dataset())))
        wrong = post(port, body(part10(us_dataset())), headers={"Authorization": f"Bearer {TOKEN}x"})
        right = post(port, body(part10(us_dataset())), headers={"Authorization": f"Bearer {TOKEN}"})
    assert [one.status_code for one in (nobody, wrong, right)] == [401, 401, 200]
    assert nobody.headers["www-authenticate"] == "Bearer"
    assert [one.calling_ae_title for one in desk.ledger.instances.values()] == ["ROOM_7"]


def test_request_beyond_the_bound_is_told_to_come_again() -> None:
    desk, entered, go_on = Desk(), threading.Event(), threading.Event()

    def hold(_instance: object) -> None:
        entered.set()
        go_on.wait(30)

    desk.ledger.before_entry = hold
    with serving(desk, max_requests=1) as port:
        first = threading.Thread(target=post, args=(port, body(part10(us_dataset()))))
        first.start()
        assert entered.wait(30)
        second = post(port, body(part10(us_dataset())))
        go_on.set()
        first.join(30)
        third = post(port, body(part10(us_dataset())))
    assert (second.status_code, second.headers["retry-after"]) == (503, "30")
    assert (third.status_code, len(desk.ledger.instances)) == (200, 2)


def test_client_that_falls_silent_is_told_and_its_instance_forgotten() -> None:
    desk = Desk()
    data = body(part10(us_dataset(PixelData=bytes(2_000_000))))
    with serving(desk, idle_timeout_s=1.0) as port, socket.create_connection((HOST, port)) as connection:
        connection.sendall(request_head(len(data)) + data[:1_500_000])
        received = answer(connection)
    assert received.startswith(b"HTTP/1.1 408")
    assert (desk.ledger.instances, desk.store.keys("")) == ({}, [])


def test_client_that_sends_no_head_is_cut_off(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(protocol, "HEAD_WITHIN_S", 1.0)
    with (
        serving(Desk()) as port,
        socket.create_connection((HOST, port)) as silent,
        socket.create_connection((HOST, port)) as slow,
    ):
        slow.sendall(b"POST /studies HTTP/1.1\r\nX-Slow: ")
        assert answer(silent) == answer(slow) == b""


def test_connections_beyond_the_bound_are_closed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(protocol, "MOST_CONNECTIONS", 1)
    with serving(Desk()) as port, socket.create_connection((HOST, port)) as first:
        first.sendall(b"POST ")
        with socket.create_connection((HOST, port)) as second:
            assert answer(second) == b""


def test_client_that_goes_away_leaves_nothing_unfinished() -> None:
    desk, whole = Desk(), us_dataset()
    data = body(part10(whole), part10(us_dataset(PixelData=bytes(2_000_000))))
    with serving(desk) as port:
        with socket.create_connection((HOST, port)) as connection:
            connection.sendall(request_head(len(data)) + data[:1_500_000])
        wait_for(lambda: len(desk.ledger.instances) == 1)
        assert post(port, body(part10(us_dataset()))).status_code == 200
    assert len(desk.store.keys("")) == 2


def test_client_that_waits_to_be_asked_is_refused_before_it_sends() -> None:
    with serving(Desk(), tokens_file=None) as port, socket.create_connection((HOST, port)) as connection:
        head = request_head(10**12, expect=True).replace(b'"application/dicom"', b'"image/jpeg"')
        connection.sendall(head)
        received = answer(connection)
    assert received.startswith(b"HTTP/1.1 415")


def test_end_of_the_service_does_not_wait_for_a_client(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("service.net.web_server.DRAIN_S", 1)
    data = body(part10(us_dataset(PixelData=bytes(2_000_000))))
    desk = Desk()
    with serving(desk) as port:
        connection = socket.create_connection((HOST, port))
        connection.sendall(request_head(len(data)) + data[:1_500_000])
    connection.close()
    assert desk.store.keys("") == []


def test_curl_stores_over_tls(tmp_path: Path) -> None:
    curl = str(require("curl", "curl"))
    desk, authority = Desk(), Authority(tmp_path, "authority")
    ours = authority.issue("service")
    (tmp_path / "body").write_bytes(body(part10(us_dataset())))
    with serving(desk, certificate=ours.certificate, key=ours.key) as port:
        result = subprocess.run(
            [
                *(curl, "--silent", "--insecure", "--tls-max", "1.2"),
                *("--data-binary", f"@{tmp_path}/body", "--header", f"Content-Type: {CONTENT_TYPE}"),
                f"https://{HOST}:{port}/studies",
            ],
            capture_output=True,
            check=True,
        )
    assert b'"00081199"' in result.stdout
    assert len(desk.ledger.instances) == 1


def test_client_without_tls_stores_nothing_where_tls_is_on(tmp_path: Path) -> None:
    ours = Authority(tmp_path, "authority").issue("service")
    with serving(Desk(), certificate=ours.certificate, key=ours.key) as port:
        with socket.create_connection((HOST, port)) as connection:
            connection.sendall(request_head(10))
            assert not answer(connection).startswith(b"HTTP/1.1")
        trusting = ssl.create_default_context()
        trusting.check_hostname, trusting.verify_mode = False, ssl.CERT_NONE
        assert post(port, body(part10(us_dataset())), scheme="https", verify=trusting).status_code == 200


def test_files_of_tls_that_cannot_be_used_are_an_error_of_the_configuration(tmp_path: Path) -> None:
    (tmp_path / "x.pem").write_text("nothing")
    with (
        pytest.raises(ConfigurationError, match=r"accept\.stow\.certificate"),
        serving(Desk(), certificate=tmp_path / "x.pem", key=tmp_path / "x.pem"),
    ):
        pass


def test_taken_port_is_an_error_of_the_configuration() -> None:
    from service.accept.folder.file_receiver import FileReceiver
    from service.accept.stow.server import StowServer
    from service.config.stow import StowSettings

    with socket.create_server((HOST, 0)) as taken:
        settings = StowSettings(enabled=True, port=taken.getsockname()[1])
        with pytest.raises(ConfigurationError, match=r"change accept\.stow\.bind or accept\.stow\.port"):
            StowServer(settings, FileReceiver(Desk().receiver))


def test_kept_file_is_readable(tmp_path: Path) -> None:
    desk, dataset = Desk(), us_dataset()
    with serving(desk) as port:
        post(port, body(part10(dataset)))
    (key,) = desk.store.keys("instances/")
    (tmp_path / "kept.dcm").write_bytes(desk.store.get(key))
    kept = dcmread(tmp_path / "kept.dcm")
    assert kept.file_meta.SourceApplicationEntityTitle == "STOW-RS"
    assert kept.PatientName == dataset.PatientName
