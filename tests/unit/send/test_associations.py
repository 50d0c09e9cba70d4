"""Associations that are kept for the next results."""

import threading
import time
from collections.abc import Iterator

import pytest

from service.config import SendSettings
from service.errors import PeerUnavailable
from service.send.association import Association
from service.send.associations import Associations
from service.send.event_report import nothing_asked
from tests.fakes.datasets import EXPLICIT_VR_LE, IMPLICIT_VR_LE, US_IMAGE
from tests.unit.send.pacs import Pacs, running_pacs

SC = "1.2.840.10008.5.1.4.1.1.7"
BOTH = (EXPLICIT_VR_LE, IMPLICIT_VR_LE)
ONE, TWO = ((US_IMAGE, BOTH),), ((US_IMAGE, BOTH), (SC, BOTH))

# pynetdicom leaves closing a socket to its reference count.
pytestmark = pytest.mark.filterwarnings(
    "ignore:unclosed <socket:ResourceWarning",
    "ignore:Exception ignored in. <socket:pytest.PytestUnraisableExceptionWarning",
)


@pytest.fixture
def pacs() -> Iterator[Pacs]:
    with running_pacs({US_IMAGE: list(BOTH), SC: list(BOTH)}) as pacs:
        yield pacs


def associations(pacs: Pacs, keep_open_s: float = 5.0) -> Associations:
    return Associations(pacs.destination, SendSettings(keep_open_s=keep_open_s), nothing_asked)


def test_association_is_used_again_while_it_fits(pacs: Pacs) -> None:
    kept = associations(pacs)
    with kept.lend(TWO) as first:
        pass
    with kept.lend(ONE) as second:
        assert second is first
    kept.close()
    assert not first.is_open
    assert len(pacs.associations) == 1


def test_association_that_lacks_a_context_gives_way_to_a_new_one(pacs: Pacs) -> None:
    kept = associations(pacs)
    with kept.lend(ONE) as first:
        pass
    with kept.lend(TWO) as second:
        assert not first.is_open
    kept.close()
    assert second is not first


def test_two_at_one_time_are_two(pacs: Pacs) -> None:
    kept = associations(pacs)
    with kept.lend(ONE) as first, kept.lend(ONE) as second:
        assert first is not second
    kept.close()


def test_association_is_released_when_it_was_idle_for_long(pacs: Pacs) -> None:
    kept = associations(pacs, keep_open_s=0.2)
    with kept.lend(ONE) as first:
        pass
    kept.close_idle()
    assert first.is_open
    time.sleep(0.25)
    kept.close_idle()
    assert not first.is_open


def test_association_that_the_pacs_has_ended_is_not_lent(pacs: Pacs) -> None:
    kept = associations(pacs)
    with kept.lend(ONE) as first:
        pass
    first.assoc.abort()
    with kept.lend(ONE) as second:
        assert second is not first
        assert second.is_open
    kept.close()


@pytest.mark.parametrize("spoil", ["error", "owed report", "no keeping"])
def test_association_that_is_spoiled_is_not_kept(pacs: Pacs, spoil: str) -> None:
    kept = associations(pacs, keep_open_s=0.0 if spoil == "no keeping" else 5.0)
    lent: list[Association] = []
    try:
        with kept.lend(ONE) as association:
            lent.append(association)
            if spoil == "owed report":
                association.owed.add("2.25.1")
            if spoil == "error":
                raise PeerUnavailable
    except PeerUnavailable:
        pass
    assert not lent[0].is_open
    kept.close()


def test_threads_never_have_more_than_one_each(pacs: Pacs) -> None:
    kept = associations(pacs)

    def work() -> None:
        for _ in range(5):
            with kept.lend(ONE):
                time.sleep(0.01)

    threads = [threading.Thread(target=work) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    kept.close()
    assert len(pacs.associations) <= 2
