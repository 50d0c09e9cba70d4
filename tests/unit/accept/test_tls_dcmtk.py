"""DCMTK's tools as peers with TLS: what they send is kept, and what they must not be is refused."""

from pathlib import Path

import pytest

from service.config.peers import TLSSettings
from tests.fakes.datasets import part10, us_dataset
from tests.servers.certificates import Credentials, Hospital
from tests.servers.dcmtk import Dcmtk
from tests.unit.accept.doubles import Desk
from tests.unit.accept.test_tls import listening, settings


def options(hospital: Hospital, who: Credentials | None, ca: Path | None = None) -> list[str]:
    identity = ["+tla"] if who is None else ["+tls", str(who.key), str(who.certificate)]
    return [*identity, "+cf", str(ca or hospital.authority.certificate)]


def echo(dcmtk: Dcmtk, tls: TLSSettings, *arguments: str) -> bool:
    with listening(tls) as scp:
        finished = dcmtk.run("echoscu", *arguments, "-aec", "PREREAD", "127.0.0.1", str(scp.tls_port))
    return finished.returncode == 0


@pytest.mark.parametrize("profile", ["--profile-bcp195-nd", "--profile-bcp195", "--profile-bcp195-ex"])
def test_study_is_sent_over_tls_in_every_profile_of_bcp_195(
    hospital: Hospital, dcmtk: Dcmtk, tmp_path: Path, profile: str
) -> None:
    desk = Desk(tls=settings(hospital))
    for number in range(3):
        (tmp_path / f"{number}.dcm").write_bytes(part10(us_dataset(PixelData=bytes(400_000))))
    files = sorted(str(path) for path in tmp_path.glob("*.dcm"))
    with listening(desk.settings.tls, desk) as scp:
        peer = [
            *options(hospital, hospital.scanner),
            profile,
            "-aec",
            "PREREAD",
            "127.0.0.1",
            str(scp.tls_port),
        ]
        finished = dcmtk.run("storescu", *peer, *files)
    assert finished.returncode == 0, finished.stdout
    assert len(desk.ledger.instances) == 3


def test_mutual_tls_is_verified_by_echo(hospital: Hospital, dcmtk: Dcmtk) -> None:
    assert echo(dcmtk, settings(hospital), *options(hospital, hospital.scanner))


@pytest.mark.parametrize("who", ["stranger", "expired", None])
def test_client_without_a_good_certificate_is_refused(
    hospital: Hospital, dcmtk: Dcmtk, who: str | None
) -> None:
    credentials = getattr(hospital, who) if who else None
    assert not echo(dcmtk, settings(hospital), *options(hospital, credentials))


def test_client_without_certificate_is_taken_where_none_is_required(hospital: Hospital, dcmtk: Dcmtk) -> None:
    assert echo(dcmtk, settings(hospital, client_certificates="optional"), *options(hospital, None))


def test_client_that_does_not_trust_our_authority_ends_the_handshake(
    hospital: Hospital, dcmtk: Dcmtk
) -> None:
    elsewhere = hospital.other_authority.certificate
    assert not echo(dcmtk, settings(hospital), *options(hospital, hospital.scanner, elsewhere))


def test_client_without_tls_is_refused_on_the_tls_port(hospital: Hospital, dcmtk: Dcmtk) -> None:
    assert not echo(dcmtk, settings(hospital))


def test_retired_aes_profile_has_no_suite_that_we_speak(hospital: Hospital, dcmtk: Dcmtk) -> None:
    peer = [*options(hospital, hospital.scanner), "--profile-aes"]
    assert not echo(dcmtk, settings(hospital), *peer)
