from typing import Any

import pytest

from service.accept.admission.admission import Admission, Caller, Rejection
from service.accept.admission.peers import Terms
from service.accept.association.contexts import VERIFICATION
from service.config import AcceptSettings
from service.config.peers import Peer
from service.errors import ConfigurationError
from service.net.storage_commitment import STORAGE_COMMITMENT
from tests.fakes.datasets import US_IMAGE

CALLER = Caller(calling_ae_title="SCANNER", called_ae_title="PREREAD", host="10.1.0.7")
OTHER = Caller("OTHER", "PREREAD", "10.1.0.8")


def decide(caller: Caller = CALLER, beside: tuple[Caller, ...] = (), **settings: Any) -> Rejection | None:
    decision = Admission(AcceptSettings(**settings)).decide(caller, beside)
    return None if isinstance(decision, Terms) else decision


def test_anyone_who_calls_us_by_name_may_associate_by_default() -> None:
    assert decide() is None


def test_other_called_ae_title_is_rejected_unless_the_check_is_off() -> None:
    caller = Caller("SCANNER", "OTHER", "10.1.0.7")
    assert decide(caller) is Rejection.CALLED_AE_TITLE
    assert decide(caller, require_called_ae_title=False) is None


def test_each_of_our_ae_titles_may_be_called() -> None:
    settings: dict[str, Any] = {"ae_title": "PREREAD", "extra_ae_titles": ("MAMMO", "ULTRASOUND")}
    for title in ("PREREAD", "MAMMO", "ULTRASOUND"):
        assert decide(Caller("SCANNER", title, "10.1.0.7"), **settings) is None
    assert decide(Caller("SCANNER", "MAMMO2", "10.1.0.7"), **settings) is Rejection.CALLED_AE_TITLE


def test_calling_ae_title_must_be_in_the_list_where_there_is_one() -> None:
    assert decide(allowed_calling_ae_titles=("SCANNER", "US1")) is None
    assert decide(allowed_calling_ae_titles=("US1",)) is Rejection.CALLING_AE_TITLE
    assert decide(allowed_calling_ae_titles=("US1",), peers=(Peer(ae_title="SCANNER"),)) is None


@pytest.mark.parametrize(
    ("allowed", "host", "rejection"),
    [
        ("10.1.0.7", "10.1.0.7", None),
        ("10.1.0.0/16", "10.1.200.1", None),
        ("10.1.0.9/16", "10.1.200.1", None),
        ("10.1.0.0/16", "10.2.0.1", Rejection.HOST),
        ("10.1.0.0/16", "::ffff:10.1.0.7", None),
        ("fe80::/10", "fe80::1%eth0", None),
        ("10.1.0.0/16", "::1", Rejection.HOST),
    ],
)
def test_host_must_be_in_an_allowed_network(allowed: str, host: str, rejection: Rejection | None) -> None:
    assert decide(Caller("SCANNER", "PREREAD", host), allowed_hosts=(allowed,)) is rejection


def test_one_association_more_than_allowed_is_rejected_as_transient() -> None:
    assert decide(beside=(OTHER,), max_associations=2) is None
    rejection = decide(beside=(OTHER, OTHER), max_associations=2)
    assert rejection is Rejection.TOO_MANY
    assert rejection.value.result == 2


def test_allowed_host_that_is_no_address_is_a_configuration_error() -> None:
    with pytest.raises(ConfigurationError, match="'scanner-1', which is neither"):
        decide(allowed_hosts=("scanner-1",))


def test_unlisted_peer_is_rejected_only_where_all_must_be_listed() -> None:
    listed = (Peer(ae_title="OTHER"),)
    assert decide(peers=listed) is None
    assert decide(peers=listed, only_listed_peers=True) is Rejection.UNLISTED
    assert decide(OTHER, peers=listed, only_listed_peers=True) is None


@pytest.mark.parametrize(("host", "rejection"), [("10.1.0.7", None), ("10.2.0.7", Rejection.PEER_HOST)])
def test_listed_peer_must_call_from_its_hosts(host: str, rejection: Rejection | None) -> None:
    peers = (Peer(ae_title="SCANNER", hosts=("10.1.0.0/24", "10.9.0.1")),)
    assert decide(Caller("SCANNER", "PREREAD", host), peers=peers) is rejection


def test_associations_of_a_peer_are_counted_apart_from_those_of_others() -> None:
    peers = (Peer(ae_title="SCANNER", hosts=("10.1.0.0/24",), max_associations=1), Peer(ae_title="SCANNER"))
    elsewhere = Caller("SCANNER", "PREREAD", "10.2.0.7")
    assert decide(beside=(OTHER, elsewhere), peers=peers) is None
    assert decide(beside=(CALLER,), peers=peers) is Rejection.TOO_MANY_OF_PEER
    assert decide(elsewhere, beside=(CALLER, elsewhere), peers=peers) is None


@pytest.mark.parametrize(
    ("proposed", "rejection"),
    [
        ({VERIFICATION}, None),
        ({VERIFICATION, STORAGE_COMMITMENT}, None),
        ({VERIFICATION, US_IMAGE}, Rejection.NO_SPACE),
    ],
)
def test_while_space_is_low_only_who_would_store_is_rejected(
    proposed: set[str], rejection: Rejection | None
) -> None:
    admission = Admission(AcceptSettings(), is_space_low=lambda: True)
    decision = admission.decide(Caller("SCANNER", "PREREAD", "10.1.0.7", frozenset(proposed)), ())
    assert (decision if isinstance(decision, Rejection) else None) is rejection
    assert (Rejection.NO_SPACE.value.result, Rejection.NO_SPACE.value.source) == (2, 3)
