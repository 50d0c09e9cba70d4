"""The DICOMweb archive against a server that behaves, and against ones that do not."""

import threading
from pathlib import Path

import pytest
from pydicom.dataset import Dataset

from service.errors import ConfigurationError, PeerUnavailable
from service.fetch.found import FoundInstance
from service.fetch.query import StudyQuery
from service.fetch.transfer import Transfer
from tests.fakes.datasets import EXPLICIT_VR_LE, US_IMAGE, encoded, part10, us_dataset
from tests.servers.certificates import Hospital
from tests.servers.process import free_port
from tests.unit.fetch.receivers import MAX_BYTES, ScriptedReceiver, transfer_to
from tests.unit.fetch.web import JSON, Reply, Web, files, matches, serving

STUDY = StudyQuery(study_instance_uid="1.2.3")


def match(**attributes: object) -> Dataset:
    dataset = Dataset()
    for keyword, value in attributes.items():
        setattr(dataset, keyword, value)
    return dataset


def retrieve(web: Web, receiver: ScriptedReceiver, series: int = 1) -> Transfer:
    transfer = transfer_to(receiver)
    wanted = [FoundInstance(f"1.2.3.{number}", "US", f"1.{number}", US_IMAGE) for number in range(series)]
    web.archive().retrieve("1.2.3", wanted, transfer)
    return transfer


def test_studies_are_searched_by_what_is_asked_for() -> None:
    study = match(StudyInstanceUID="1.2.3", PatientID="P1", ModalitiesInStudy=["US", "MG"])
    with serving(lambda _path: matches(study)) as web:
        query = StudyQuery(patient_id="P1", date_from="20200101", date_to="20200131")
        (found,) = web.archive().find_studies(query)
    assert found.header.modalities == ("MG", "US")
    path = web.asked[0]
    assert path.startswith("/dicom-web/studies?PatientID=P1&StudyDate=20200101-20200131&")
    assert web.headers[0]["Accept"] == JSON


def test_pages_are_asked_for_until_nothing_new_comes() -> None:
    def page(path: str) -> Reply:
        offset = int(path.rpartition("offset=")[2])
        reply = matches(match(StudyInstanceUID=f"1.2.{min(offset, 2)}"))
        return Reply(reply.body, headers={"Warning": '299 pacs: "there are more"'})

    with serving(page) as web:
        found = web.archive().find_studies(StudyQuery(patient_id="P1"))
    assert [study.study_instance_uid for study in found] == ["1.2.0", "1.2.1", "1.2.2"]


def test_instances_are_searched_series_by_series() -> None:
    def answer(path: str) -> Reply:
        if "/instances" in path:
            return matches(match(SOPInstanceUID=path.split("/")[5] + ".1", SOPClassUID=US_IMAGE))
        return matches(*(match(SeriesInstanceUID=uid, Modality="US") for uid in ("1.1", "1.2")))

    with serving(answer) as web:
        found = web.archive().find_instances("1.2.3", {"1.2"})
    assert found == (FoundInstance("1.1", "US", "1.1.1", US_IMAGE),)


def test_no_content_is_no_match() -> None:
    with serving(lambda _path: Reply(b"", status=204)) as web:
        assert web.archive().find_studies(STUDY) == ()


def test_instances_are_handed_on_byte_for_byte() -> None:
    dataset, receiver = us_dataset(), ScriptedReceiver()
    with serving(lambda _path: files(part10(dataset))) as web:
        transfer = retrieve(web, receiver)
    (kept,) = receiver.kept
    assert (kept.dataset, kept.transfer_syntax_uid) == (encoded(dataset), EXPLICIT_VR_LE)
    assert transfer.received == {dataset.SOPInstanceUID}
    assert web.asked == ["/dicom-web/studies/1.2.3/series/1.2.3.0"]
    assert "transfer-syntax=*" in web.headers[0]["Accept"]


def test_part_that_is_no_dicom_is_a_problem_and_the_next_one_comes() -> None:
    dataset = us_dataset()
    with serving(lambda _path: files(bytes(5000), b"no DICOM", part10(dataset))) as web:
        transfer = retrieve(web, ScriptedReceiver())
    assert transfer.received == {dataset.SOPInstanceUID}
    assert "no DICOM instance: there is no DICOM preamble" in transfer.problems[0]
    assert "no DICOM instance: the file ends after 8 bytes" in transfer.problems[1]


def test_instance_that_is_too_large_is_refused_and_the_next_one_comes() -> None:
    large, small, receiver = us_dataset(PixelData=bytes(MAX_BYTES)), us_dataset(), ScriptedReceiver()
    with serving(lambda _path: files(part10(large), part10(small))) as web:
        transfer = retrieve(web, receiver)
    assert transfer.received == {small.SOPInstanceUID}
    assert "raise accept.max_instance_bytes" in transfer.refused[large.SOPInstanceUID]
    assert len(receiver.kept) == 1


@pytest.mark.parametrize(("missing", "taken"), [(0, True), (200, False)])
def test_instance_that_is_shorter_than_announced_is_refused_and_not_handed_on(
    missing: int, taken: bool
) -> None:
    dataset, receiver = us_dataset(), ScriptedReceiver()
    file = part10(dataset)
    reply = files(file[: len(file) - missing])
    announced = b"Content-Length: %d\r\n\r\n" % len(file)
    reply.body = reply.body.replace(b"\r\n\r\n", b"\r\n" + announced, 1)
    with serving(lambda _path: reply) as web:
        transfer = retrieve(web, receiver)
    assert (len(receiver.kept), len(transfer.received)) == (int(taken), int(taken))
    assert taken or f"{len(file) - 200} of the {len(file)} bytes" in transfer.refused[dataset.SOPInstanceUID]


def test_server_that_breaks_off_is_unavailable_and_what_came_stays() -> None:
    whole = files(part10(us_dataset()), part10(us_dataset()))
    cut = Reply(whole.body[:-200], whole.content_type, declared_bytes=len(whole.body))
    receiver = ScriptedReceiver()
    with serving(lambda _path: cut) as web, pytest.raises(PeerUnavailable, match="broke"):
        retrieve(web, receiver)
    assert len(receiver.kept) == 1


def test_nothing_more_is_asked_for_once_the_receiver_is_away() -> None:
    def away(_uid: str) -> int:
        raise PeerUnavailable("Preread is away")

    with serving(lambda _path: files(part10(us_dataset()), part10(us_dataset()))) as web:
        transfer = retrieve(web, ScriptedReceiver(away), series=2)
    assert (len(web.asked), str(transfer.failure)) == (1, "Preread is away")


@pytest.mark.parametrize(
    ("reply", "message"),
    [
        (Reply(status=401), "bearer_token_file"),
        (Reply(status=404), "qido_url"),
        (Reply(status=500), "HTTP 500"),
        (Reply(status=302, headers={"Location": "http://127.0.0.1:1/"}), "a redirection"),
        (Reply(b"<html>"), "no DICOM JSON"),
        (Reply(b'{"a": 1}'), "no DICOM JSON"),
        (Reply(b"[1]"), "no DICOM JSON"),
        (Reply(b"[" * 100_000), "no DICOM JSON"),
    ],
)
def test_answer_that_is_none_says_what_to_look_at(reply: Reply, message: str) -> None:
    with serving(lambda _path: reply) as web, pytest.raises(PeerUnavailable, match=message):
        web.archive().find_studies(STUDY)


def test_answer_that_is_no_multipart_says_what_to_look_at() -> None:
    with serving(lambda _path: Reply()) as web, pytest.raises(PeerUnavailable, match="look at wado_url"):
        retrieve(web, ScriptedReceiver())


def test_silent_server_is_given_up_after_its_timeout() -> None:
    woken = threading.Event()

    def silent(_path: str) -> Reply:
        woken.wait(30)
        return Reply()

    with serving(silent) as web:
        with pytest.raises(PeerUnavailable, match="did not answer in time"):
            web.archive(timeout_s=0.2).find_studies(STUDY)
        woken.set()


def test_server_that_is_away_is_unavailable() -> None:
    with pytest.raises(PeerUnavailable, match="cannot be reached"):
        Web(f"http://127.0.0.1:{free_port()}").archive().find_studies(STUDY)


def test_token_goes_along_and_a_missing_one_is_named(tmp_path: Path) -> None:
    (tmp_path / "token").write_text("secret\n")
    with serving(lambda _path: Reply()) as web:
        web.archive(bearer_token_file=tmp_path / "token").find_studies(STUDY)
        assert web.headers[0]["Authorization"] == "Bearer secret"
        with pytest.raises(ConfigurationError, match=r"bearer_token_file .* cannot be read"):
            web.archive(bearer_token_file=tmp_path / "none").find_studies(STUDY)


def test_certificates_that_cannot_be_read_are_named(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match=r"ca .* cannot be read"):
        Web("https://127.0.0.1").archive(ca=tmp_path / "none.pem")


def test_certificate_that_nobody_vouches_for_is_not_trusted_unless_told(hospital: Hospital) -> None:
    with serving(lambda _path: Reply(), hospital.service) as web:
        with pytest.raises(PeerUnavailable, match="a certificate that is not trusted"):
            web.archive().find_studies(STUDY)
        assert web.archive(verify_tls=False).find_studies(STUDY) == ()
    assert len(web.asked) == 1
