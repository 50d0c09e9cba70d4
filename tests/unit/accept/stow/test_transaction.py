import pytest

from service.accept.folder.file_receiver import FileReceiver
from service.accept.stow.transaction import StoreTransaction
from service.net.multipart import BadMultipart
from tests.fakes.datasets import part10, us_dataset
from tests.unit.accept.doubles import Desk
from tests.unit.accept.stow.bodies import BOUNDARY, body


@pytest.fixture
def desk() -> Desk:
    return Desk()


@pytest.fixture
def released(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    released: list[str] = []
    monkeypatch.setattr(desk.receiver, "released", released.append)
    return released


def transaction(desk: Desk) -> StoreTransaction:
    return StoreTransaction(FileReceiver(desk.receiver), BOUNDARY, "STOW-RS", "")


def test_instance_is_kept_as_soon_as_its_part_has_ended(desk: Desk, released: list[str]) -> None:
    storing, data = transaction(desk), body(part10(us_dataset()), part10(us_dataset()))
    storing.feed([data[: len(data) // 2 + 100]])
    assert len(desk.ledger.instances) == len(storing.outcomes) == 1
    assert released == []


def test_end_of_the_body_releases_its_studies(desk: Desk, released: list[str]) -> None:
    storing = transaction(desk)
    storing.feed([body(*(part10(us_dataset(StudyInstanceUID=uid)) for uid in ("1.2.3", "1.2.4", "1.2.3")))])
    storing.end()
    storing.close()
    assert released == ["1.2.3", "1.2.4"]


def test_body_without_a_part_is_refused(desk: Desk, released: list[str]) -> None:
    storing = transaction(desk)
    storing.feed([b"--" + BOUNDARY.encode() + b"--"])
    with pytest.raises(BadMultipart, match="has no part"):
        storing.end()
    storing.close()
    assert released == []


def test_request_with_more_parts_than_are_answered_for_is_refused(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("service.accept.stow.transaction.MOST_PARTS", 2)
    with pytest.raises(BadMultipart, match="more than 2 parts"):
        transaction(desk).feed([body(b"1", b"2", b"3")])


def test_body_that_breaks_off_releases_nothing(desk: Desk, released: list[str]) -> None:
    storing = transaction(desk)
    storing.feed([body(part10(us_dataset()))[:-6]])
    with pytest.raises(BadMultipart):
        storing.end()
    storing.close()
    assert released == []


def test_close_forgets_what_is_not_whole(desk: Desk) -> None:
    storing = transaction(desk)
    storing.feed([body(part10(us_dataset(PixelData=bytes(3_000_000))))[:-1000]])
    storing.close()
    assert (desk.ledger.instances, desk.store.keys("")) == ({}, [])
