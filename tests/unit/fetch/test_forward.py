from collections.abc import Iterator

import pytest

from service.accept.fallback.scp import PynetdicomSCP
from service.accept.scp import StorageSCP
from service.config import AcceptSettings
from service.errors import PeerUnavailable
from service.fetch.forward import Forwarder
from service.fetch.peer import Peer
from service.fetch.spooled import SpooledInstance
from tests.fakes.datasets import EXPLICIT_VR_LE, IMPLICIT_VR_LE, US_IMAGE, encoded, us_dataset
from tests.servers.process import free_port
from tests.unit.fetch import receivers
from tests.unit.send.pacs import Pacs, running_pacs

# pynetdicom leaves closing a socket that never connected to its reference count.
pytestmark = pytest.mark.filterwarnings(
    "ignore:unclosed <socket:ResourceWarning",
    "ignore:Exception ignored in. <socket:pytest.PytestUnraisableExceptionWarning",
)


def peer(port: int) -> Peer:
    return Peer("Preread", "127.0.0.1", port, "ARCHIVE", "FETCHER", 10.0, 20.0)


def forward(forwarder: Forwarder, syntax: str = EXPLICIT_VR_LE, sop_class_uid: str = US_IMAGE) -> int:
    dataset = us_dataset(SOPClassUID=sop_class_uid)
    instance = spooled(encoded(dataset, syntax), str(dataset.SOPInstanceUID), syntax, sop_class_uid)
    return forwarder.receive(instance)


def spooled(data: bytes, uid: str, syntax: str, sop_class_uid: str = US_IMAGE) -> SpooledInstance:
    instance = receivers.spool.begin(sop_class_uid, uid, syntax)
    instance.write(data)
    instance.end()
    return instance


@pytest.fixture
def ours() -> Iterator[Pacs]:
    with running_pacs({US_IMAGE: [EXPLICIT_VR_LE, IMPLICIT_VR_LE]}, network_timeout=None) as pacs:
        yield pacs


def test_instances_of_one_kind_share_an_association(ours: Pacs) -> None:
    with Forwarder(peer(ours.destination.port)) as forwarder:
        assert [forward(forwarder) for _ in range(3)] == [0, 0, 0]
    assert (len(ours.associations), len(ours.datasets)) == (1, 3)


def test_another_transfer_syntax_leads_to_an_association_that_has_both(ours: Pacs) -> None:
    with Forwarder(peer(ours.destination.port)) as forwarder:
        statuses = [forward(forwarder, syntax) for syntax in (EXPLICIT_VR_LE, IMPLICIT_VR_LE, EXPLICIT_VR_LE)]
    assert statuses == [0, 0, 0]
    assert ours.transfer_syntaxes == [EXPLICIT_VR_LE, IMPLICIT_VR_LE, EXPLICIT_VR_LE]
    assert [len(contexts) for contexts in ours.associations] == [1, 2]


def test_class_that_is_not_taken_is_answered_as_not_supported(ours: Pacs) -> None:
    with Forwarder(peer(ours.destination.port)) as forwarder:
        assert forward(forwarder, sop_class_uid="1.2.840.10008.5.1.4.1.1.2") == 0x0122
        assert forward(forwarder) == 0


def test_association_that_has_ended_meanwhile_is_opened_again() -> None:
    with (
        running_pacs({US_IMAGE: [EXPLICIT_VR_LE]}, network_timeout=0.2) as ours,
        Forwarder(peer(ours.destination.port)) as forwarder,
    ):
        first = forward(forwarder)
        association = forwarder._association
        assert association is not None
        association.assoc.abort()
        assert (first, forward(forwarder)) == (0, 0)
        assert len(ours.associations) == 2


def test_preread_that_is_away_is_unavailable() -> None:
    with (
        Forwarder(peer(free_port())) as forwarder,
        pytest.raises(PeerUnavailable, match=r"Preread .* cannot be reached"),
    ):
        forward(forwarder)


@pytest.mark.parametrize("scp_class", [StorageSCP, PynetdicomSCP])
def test_our_own_scp_gets_the_bytes_as_they_are(scp_class: type[StorageSCP] | type[PynetdicomSCP]) -> None:
    from service.accept.instance.receiver import InstanceReceiver
    from service.accept.intake.port import DirectIntake
    from service.storage.store.memory import MemoryStore

    settings = AcceptSettings(ae_title="ARCHIVE", bind="127.0.0.1", min_free_bytes=0)
    store = MemoryStore()
    scp = scp_class(settings, InstanceReceiver(store, DirectIntake(lambda _one: None), settings), 0)
    scp.start()
    try:
        dataset = us_dataset()
        # A group length, which an encoder would drop.
        data = b"\x08\0\0\0UL\4\0\x10\0\0\0" + encoded(dataset)
        with Forwarder(peer(scp.port)) as forwarder:
            uid = str(dataset.SOPInstanceUID)
            status = forwarder.receive(spooled(data, uid, EXPLICIT_VR_LE))
    finally:
        scp.stop(1.0)
    (key,) = store.keys("instances/")
    assert status == 0
    assert store.get(key).endswith(data)
