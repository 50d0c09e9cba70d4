from typing import Any

import pytest

from service.accept.admission.peers import PeerList, Terms
from service.accept.association.contexts import (
    OTHER_SOP_CLASSES,
    STORAGE_SOP_CLASSES,
    TRANSFER_SYNTAXES,
    UNCOMPRESSED,
)
from service.accept.association.limits import MAX_PDU_BYTES
from service.config import AcceptSettings
from service.config.peers import LARGEST_PROPOSED_PDU_BYTES, Peer
from service.errors import ConfigurationError
from tests.fakes.datasets import EXPLICIT_VR_LE, IMPLICIT_VR_LE, US_IMAGE

PRIVATE = "1.2.826.0.1.3680043.10.99.1"
JPEG_LOSSLESS = "1.2.840.10008.1.2.4.70"


def terms(extra_sop_classes: tuple[str, ...] = (), **peer: Any) -> Terms:
    settings = AcceptSettings(extra_sop_classes=extra_sop_classes, peers=(Peer(ae_title="US1", **peer),))
    found = PeerList(settings).find("US1", "10.1.0.7")
    assert found is not None
    return found


def test_peer_without_settings_has_what_everybody_has() -> None:
    settings = AcceptSettings(peers=(Peer(ae_title="US1"),))
    peers = PeerList(settings)
    found = peers.find("US1", "10.1.0.7")
    assert found is not None
    assert found.supported == peers.unlisted.supported
    assert set(found.supported) == {*STORAGE_SOP_CLASSES, *OTHER_SOP_CLASSES}
    assert (found.max_instance_bytes, found.max_pdu_bytes) == (settings.max_instance_bytes, MAX_PDU_BYTES)
    assert MAX_PDU_BYTES == LARGEST_PROPOSED_PDU_BYTES


@pytest.mark.parametrize(
    "name", [US_IMAGE, PRIVATE, "Breast Tomosynthesis Image Storage", "ct image storage"]
)
def test_sop_classes_are_named_or_numbered(name: str) -> None:
    supported = terms((PRIVATE,), sop_classes=(name,)).supported
    (only,) = supported.keys() - OTHER_SOP_CLASSES.keys()
    assert name.lower() in (only, STORAGE_SOP_CLASSES.get(only, "").lower())
    assert supported[only] == tuple(TRANSFER_SYNTAXES)


def test_name_that_a_retired_class_shares_means_both() -> None:
    supported = terms(sop_classes=("Ultrasound Image Storage",)).supported
    assert supported.keys() - OTHER_SOP_CLASSES.keys() == {US_IMAGE, "1.2.840.10008.5.1.4.1.1.6"}


def test_transfer_syntaxes_are_in_the_order_of_preference_and_only_for_storage() -> None:
    supported = terms(transfer_syntaxes=("Implicit VR Little Endian", JPEG_LOSSLESS)).supported
    assert supported[US_IMAGE] == (IMPLICIT_VR_LE, JPEG_LOSSLESS)
    assert {supported[uid] for uid in OTHER_SOP_CLASSES} == {UNCOMPRESSED}


def test_bounds_of_a_peer_are_its_own_but_never_above_the_general_one() -> None:
    settings = AcceptSettings(
        max_instance_bytes=5000,
        peers=(
            Peer(ae_title="A", max_instance_bytes=2000, max_pdu_bytes=16384, max_associations=3),
            Peer(ae_title="B", max_instance_bytes=9000),
        ),
    )
    peers = PeerList(settings)
    a, b = peers.find("A", "::1"), peers.find("B", "::1")
    assert a is not None
    assert b is not None
    assert (a.max_instance_bytes, a.max_pdu_bytes, a.max_associations) == (2000, 16384, 3)
    assert b.max_instance_bytes == 5000


def test_first_entry_with_title_and_host_holds() -> None:
    entries = (
        Peer(ae_title="US1", hosts=("10.1.0.0/16",), transfer_syntaxes=(EXPLICIT_VR_LE,)),
        Peer(ae_title="US1", transfer_syntaxes=(IMPLICIT_VR_LE,)),
    )
    peers = PeerList(AcceptSettings(peers=entries))
    found = [peers.find("US1", host) for host in ("10.1.2.3", "10.2.2.3")]
    assert [each and each.supported[US_IMAGE] for each in found] == [(EXPLICIT_VR_LE,), (IMPLICIT_VR_LE,)]
    assert peers.find("US2", "10.1.2.3") is None


@pytest.mark.parametrize(
    ("peers", "complaint"),
    [
        ((Peer(ae_title="A", sop_classes=("Ultrasond Image Storage",)),), "did you mean 'Ultrasound Image"),
        ((Peer(ae_title="A", sop_classes=(PRIVATE,)),), r"peers\.0\.sop_classes has .*extra_sop_classes"),
        ((Peer(ae_title="A", transfer_syntaxes=("JPEG",)),), r"peers\.0\.transfer_syntaxes has 'JPEG'"),
        ((Peer(ae_title="A", hosts=("us1.local",)),), r"peers\.0\.hosts has 'us1\.local'"),
        ((Peer(ae_title="A"), Peer(ae_title="A", hosts=("::1",))), r"peers\.1 is never used"),
    ],
)
def test_entry_that_cannot_be_used_is_a_configuration_error(peers: tuple[Peer, ...], complaint: str) -> None:
    with pytest.raises(ConfigurationError, match=complaint):
        PeerList(AcceptSettings(peers=peers))
