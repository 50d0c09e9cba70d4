import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from service.errors import ConfigurationError, PeerUnavailable
from service.wiring.doctor.checks import Asked, checks, subjects
from service.wiring.doctor.examine import Check, Look, examine
from service.wiring.doctor.finding import Finding, Outcome, ok, warning
from service.wiring.doctor.redaction import Redaction
from tests.unit.wiring.doctor.told import PACS, settings_in


def check(look: Look, longer: float = 1.0) -> Check:
    return Check("network", "pacs", look, "look there", longer)


def test_one_that_hangs_holds_up_no_other_and_keeps_what_it_has_found() -> None:
    never = threading.Event()

    def hangs() -> Iterator[Finding]:
        yield ok("pacs", "the name is resolved")
        never.wait()

    began = time.monotonic()
    hanging, other = examine([check(hangs), check(lambda: [ok("pacs", "answers")])], limit_s=0.3)
    assert time.monotonic() - began < 5
    assert [one.outcome for one in hanging.findings] == ["ok", "failed"]
    assert hanging.findings[1].seen == "no answer within 0.3 s"
    assert "look there" in hanging.findings[1].to_do
    assert other.outcome is Outcome.OK
    never.set()


def test_checks_run_side_by_side() -> None:
    meeting = threading.Barrier(3, timeout=10)

    def waits() -> Iterator[Finding]:
        meeting.wait()
        yield ok("pacs", "all are here")

    assert [one.outcome for one in examine([check(waits)] * 3)] == ["ok"] * 3


def test_one_may_take_longer_than_the_others() -> None:
    def slow() -> Iterator[Finding]:
        time.sleep(0.3)
        yield ok("pacs", "late")

    quick, patient = examine([check(slow), check(slow, longer=50.0)], limit_s=0.1)
    assert (quick.outcome, patient.outcome) == ("failed", "ok")


def test_error_of_ours_is_told_and_one_of_others_is_not_quoted() -> None:
    def refused() -> Iterator[Finding]:
        yield warning("pacs", "slow", "look")
        raise PeerUnavailable("the PACS is away")

    def broken() -> Iterator[Finding]:
        raise KeyError("Doe^Jane")
        yield

    ours, foreign = examine([check(refused), check(broken)])
    assert [one.outcome for one in ours.findings] == ["warning", "failed"]
    assert (ours.findings[1].seen, ours.findings[1].to_do) == ("the PACS is away", "look there")
    assert ours.outcome is Outcome.FAILED
    assert "KeyError" in foreign.findings[0].seen
    assert "Doe" not in foreign.findings[0].seen


def test_secrets_that_an_error_quotes_are_masked(tmp_path: Path) -> None:
    secret_file = tmp_path / "token"
    secret_file.write_text("a-token-of-tests\n")
    settings = settings_in(
        tmp_path,
        broker={"kind": "rabbitmq", "url": "amqp://preread:p%40ssword-of-tests@broker/"},
        destinations=[
            {"name": "web", "stow": {"url": "https://pacs", "bearer_token_file": str(secret_file)}},
        ],
    )
    words = "amqp://preread:p%40ssword-of-tests@broker/ p@ssword-of-tests a-token-of-tests x://u:other@h"
    (found,) = examine([check(lambda: [warning("pacs", words, words)])])
    (masked,) = Redaction(settings).of(found).findings
    assert masked.seen == masked.to_do == "amqp://preread:***@broker/ *** *** x://u:***@h"


def test_every_server_and_every_subject_has_its_check(tmp_path: Path) -> None:
    settings = settings_in(
        tmp_path,
        destinations=[PACS, PACS | {"name": "other"}],
        sources=[{"name": "old", "dicomweb": {"qido_url": "http://127.0.0.1:1/dicom-web"}}],
    )
    found = checks(settings, Asked(store_test=True))
    assert [one.about for one in found if one.subject == "store test"] == [
        "destination pacs",
        "destination other",
    ]
    assert {"destination pacs", "destination other", "source old"} == {
        one.about for one in found if one.subject == "network"
    }
    some = checks(settings, Asked(destination="other"))
    assert [one.about for one in some if one.subject == "destinations"] == ["destination other"]
    assert "store test" not in subjects(some)


def test_destination_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="no destination is called pcs; destinations are: pacs"):
        checks(settings_in(tmp_path, destinations=[PACS]), Asked(destination="pcs"))


def test_page_explains_every_subject(tmp_path: Path) -> None:
    settings = settings_in(
        tmp_path,
        destinations=[PACS],
        sources=[{"name": "old", "dicomweb": {"qido_url": "http://127.0.0.1:1/dicom-web"}}],
    )
    page = Path("service/wiring/doctor/DOCTOR.md").read_text(encoding="utf-8")
    rows = [line.split("|")[1].strip() for line in page.splitlines() if line.startswith("| ")][2:]
    assert rows == subjects(checks(settings, Asked(store_test=True)))
