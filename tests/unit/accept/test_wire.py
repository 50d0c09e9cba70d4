import mmap
import socket
import ssl
import threading
import time
from collections.abc import Iterator

import pytest

from service.accept.association.stop_signal import StopSignal
from service.accept.association.wire import BUFFER_BYTES, PeerGone, TooSlow, Wire
from service.config.peers import TLSSettings
from service.net.server_tls import Certificates
from tests.servers.certificates import Hospital


@pytest.fixture
def signal() -> Iterator[StopSignal]:
    signal = StopSignal()
    yield signal
    signal.close()


@pytest.fixture
def accepted() -> list[socket.socket]:
    """Our end of the peer's connection."""
    return []


@pytest.fixture
def peer(accepted: list[socket.socket]) -> Iterator[socket.socket]:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        peer = socket.create_connection(listener.getsockname(), 20)
        accepted.append(listener.accept()[0])
    yield peer
    peer.close()


@pytest.fixture
def wire(peer: socket.socket, accepted: list[socket.socket], signal: StopSignal) -> Iterator[Wire]:
    wire = Wire(accepted[0], signal)
    give(wire, 20.0)
    yield wire
    wire.close(linger=False)


def give(wire: Wire, seconds: float) -> None:
    wire.deadline = time.monotonic() + seconds


@pytest.fixture
def tls(
    peer: socket.socket, accepted: list[socket.socket], signal: StopSignal, hospital: Hospital
) -> Iterator[tuple[Wire, ssl.SSLSocket]]:
    """Our end and the peer's, once they have shaken hands."""
    service = hospital.service
    files = TLSSettings(certificate=service.certificate, key=service.key, client_certificates="off")
    connection = Certificates("accept.tls", files).wrap(accepted[0])
    shaking = threading.Thread(target=connection.do_handshake)
    shaking.start()
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.load_verify_locations(hospital.authority.certificate)
    secured = context.wrap_socket(peer)
    shaking.join()
    wire = Wire(connection, signal)
    give(wire, 60.0)
    yield wire, secured
    secured.close()
    wire.close(linger=False)


def test_bytes_come_in_order_whatever_the_pieces(wire: Wire, peer: socket.socket) -> None:
    data = bytes(range(256)) * 8192  # several buffers full
    sender = threading.Thread(target=peer.sendall, args=(data,))
    sender.start()
    got = bytearray()
    while len(got) < len(data):
        got += wire.take(7)
        got += wire.some(min(100_000, len(data) - len(got)))
        if len(data) - len(got) < 7:
            got += wire.take(len(data) - len(got))
    sender.join()
    assert got == data


def test_take_of_a_whole_buffer_across_its_end_is_contiguous(wire: Wire, peer: socket.socket) -> None:
    data = bytes(range(256)) * (2 * BUFFER_BYTES // 256)
    sender = threading.Thread(target=peer.sendall, args=(data,))
    sender.start()
    assert wire.take(BUFFER_BYTES - 3) == data[: BUFFER_BYTES - 3]
    assert wire.take(BUFFER_BYTES - 3) == data[BUFFER_BYTES - 3 : 2 * BUFFER_BYTES - 6]
    assert wire.take(6) == data[-6:]
    sender.join()


def test_views_are_good_until_the_wire_says_that_it_receives(
    peer: socket.socket, accepted: list[socket.socket], signal: StopSignal
) -> None:
    data = bytes(range(251)) * 8192
    views: list[memoryview] = []
    got = bytearray()

    def keep() -> None:
        for view in views:
            got.extend(view)
        views.clear()

    wire = Wire(accepted[0], signal, keep)
    give(wire, 20.0)
    sender = threading.Thread(target=peer.sendall, args=(data,))
    sender.start()
    left = len(data)
    while left:
        views.append(wire.some(min(1000, left)))
        left -= len(views[-1])
    sender.join()
    keep()
    wire.close(linger=False)
    assert got == data


def test_peer_that_trickles_is_too_slow_however_often_it_sends(wire: Wire, peer: socket.socket) -> None:
    over = threading.Event()

    def trickle() -> None:
        while not over.wait(0.02):
            peer.send(b"x")

    sender = threading.Thread(target=trickle)
    sender.start()
    give(wire, 0.3)
    with pytest.raises(TooSlow):
        wire.take(1_000_000 // 2)
    over.set()
    sender.join()


def test_what_has_come_is_never_too_late(wire: Wire, peer: socket.socket) -> None:
    peer.sendall(b"here")
    wire.wait()
    give(wire, -1.0)
    assert bytes(wire.take(4)) == b"here"
    with pytest.raises(TooSlow):
        wire.take(1)


def test_peer_that_closes_has_gone(wire: Wire, peer: socket.socket) -> None:
    peer.sendall(b"abc")
    peer.close()
    assert bytes(wire.take(3)) == b"abc"
    with pytest.raises(PeerGone, match="closed"):
        wire.some(1)


def test_peer_that_does_not_read_is_too_slow(wire: Wire, peer: socket.socket) -> None:
    give(wire, 0.2)
    with pytest.raises(TooSlow, match="take its answer"):
        wire.send(bytes(50_000_000))
    assert peer.recv(1) == b"\0"


def test_large_answer_reaches_a_slow_reader(wire: Wire, peer: socket.socket) -> None:
    answer = bytes(range(256)) * 40_000
    sender = threading.Thread(target=wire.send, args=(answer,))
    sender.start()
    got = bytearray()
    while len(got) < len(answer):
        got += peer.recv(100_000)
    sender.join()
    assert got == answer


def test_cut_wakes_who_waits_for_the_peer(wire: Wire) -> None:
    cutter = threading.Timer(0.1, wire.cut)
    cutter.start()
    with pytest.raises(PeerGone):
        wire.take(1)
    cutter.join()


def test_stop_wakes_who_waits_for_a_message(wire: Wire, signal: StopSignal) -> None:
    stopper = threading.Timer(0.1, signal.set)
    stopper.start()
    assert not wire.wait_unless_stopping()
    assert signal.is_set
    stopper.join()


def test_silence_is_too_slow(wire: Wire) -> None:
    give(wire, 0.1)
    with pytest.raises(TooSlow):
        wire.wait_unless_stopping()


def test_lingering_close_delivers_the_last_pdu_although_bytes_were_not_read(
    wire: Wire, peer: socket.socket
) -> None:
    peer.sendall(bytes(200_000))
    wire.wait()
    wire.send(b"last")
    closer = threading.Thread(target=wire.close, kwargs={"linger": True})
    closer.start()
    assert peer.recv(10) == b"last"
    assert peer.recv(10) == b""
    peer.close()
    closer.join()


def test_lingering_close_leaves_the_connection_whole_until_the_peer_closes(
    wire: Wire, peer: socket.socket, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("service.accept.association.wire.LINGER_S", 20.0)
    closer = threading.Thread(target=wire.close, kwargs={"linger": True})
    closer.start()
    peer.settimeout(0.2)
    with pytest.raises(TimeoutError):  # an end would read as a lost connection (PS3.8 9.2.3, Evt17)
        peer.recv(10)
    peer.close()
    closer.join()


def test_lingering_close_waits_for_no_peer_for_ever(
    wire: Wire, peer: socket.socket, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("service.accept.association.wire.LINGER_S", 0.1)
    wire.close(linger=True)
    assert peer.recv(10) == b""


def test_bytes_that_tls_holds_are_taken_though_nothing_more_comes(
    tls: tuple[Wire, ssl.SSLSocket], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("service.accept.association.wire.BUFFER_BYTES", mmap.PAGESIZE)
    wire, peer = tls
    wire._buffer = wire._buffer[: mmap.PAGESIZE]
    data = bytes(range(256)) * 60  # one record, several such buffers
    peer.sendall(data)
    got = b""
    while len(got) < len(data):
        assert wire.wait_unless_stopping()
        got += wire.some(len(data))
    assert got == data


def test_data_and_answers_pass_over_tls_whole(tls: tuple[Wire, ssl.SSLSocket]) -> None:
    wire, peer = tls
    data = bytes(range(256)) * 16384
    sender = threading.Thread(target=peer.sendall, args=(data,))
    sender.start()
    assert b"".join(bytes(wire.take(65536)) for _ in range(len(data) // 65536)) == data
    sender.join()
    answering = threading.Thread(target=wire.send, args=(data,))
    answering.start()
    got = bytearray()
    while len(got) < len(data):
        got += peer.recv(100_000)
    answering.join()
    assert got == data


def test_peer_that_does_not_read_over_tls_is_too_slow(tls: tuple[Wire, ssl.SSLSocket]) -> None:
    wire, _ = tls
    give(wire, 0.2)
    with pytest.raises(TooSlow, match="take its answer"):
        wire.send(bytes(50_000_000))


def test_cut_wakes_who_waits_for_a_peer_with_tls(tls: tuple[Wire, ssl.SSLSocket]) -> None:
    wire, _ = tls
    cutter = threading.Timer(0.1, wire.cut)
    cutter.start()
    with pytest.raises(PeerGone):
        wire.take(1)
    cutter.join()


def test_idle_connection_gives_the_pages_of_its_buffer_back(
    wire: Wire, peer: socket.socket, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("service.accept.association.wire._IDLE_MS", 10.0)
    sender = threading.Thread(target=peer.sendall, args=(b"x" * BUFFER_BYTES,))
    sender.start()
    assert bytes(wire.take(BUFFER_BYTES)) == b"x" * BUFFER_BYTES
    sender.join()
    give(wire, 0.1)
    with pytest.raises(TooSlow):
        wire.wait_unless_stopping()
    assert b"x" not in bytes(wire._pages)  # pages that were given back read as zeros
    peer.sendall(b"more")
    assert bytes(wire.take(4)) == b"more"
