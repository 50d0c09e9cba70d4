"""A peer's connection: few system calls, one buffer, and no wait without an end."""

import mmap
import select
import socket
import ssl
import time
from collections.abc import Callable
from contextlib import suppress

from service.accept.association.stop_signal import StopSignal

BUFFER_BYTES = 512 * 1024
"""What one connection holds at most. Pages of it that were never filled take no memory."""
_IDLE_MS = 1000.0
"""A connection that waits longer for its peer gives the pages of its buffer back."""
_DRAIN_BYTES = 64 * 1024
LINGER_S = 1.0
"""How long a peer may take to close after our last PDU."""


class PeerGone(Exception):  # noqa: N818 - named for what has happened
    """The peer has closed the connection, or the network has."""


class TooSlow(Exception):  # noqa: N818
    """The peer has not sent, or not taken, what was waited for in time."""


class Wire:
    """Reads and writes one connection, with TLS whose handshake is done, or without.

    `deadline` (of time.monotonic) bounds every wait; move it on.
    Views that are returned are good until `before_receiving` has been called: the next bytes may overwrite
    them. The connection is closed by `close` only, so that another thread may `cut` it.
    """

    def __init__(
        self,
        connection: socket.socket,
        stopping: StopSignal,
        before_receiving: Callable[[], object] = lambda: None,
    ) -> None:
        connection.setblocking(False)
        self.deadline = 0.0
        self._socket = connection
        # Not from the heap, where it would be filled with zeros at once, and stay when it is given back.
        self._pages = mmap.mmap(-1, BUFFER_BYTES, mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS)
        self._buffer = memoryview(self._pages)
        self._from = self._to = 0
        self._readable = _poll(connection, select.POLLIN)
        self._readable_or_stopping = _poll(connection, select.POLLIN)
        self._readable_or_stopping.register(stopping, select.POLLIN)
        self._stopping = stopping
        self._before_receiving = before_receiving
        self._writable = _poll(connection, select.POLLOUT)

    def take(self, count: int) -> memoryview:
        """Exactly `count` bytes, at most BUFFER_BYTES. Raises PeerGone, TooSlow."""
        while self._to - self._from < count:
            self._receive()
        self._from += count
        return self._buffer[self._from - count : self._from]

    def some(self, most: int) -> memoryview:
        """At least one byte and at most `most`: what has come. Raises PeerGone, TooSlow."""
        self.wait()
        count = min(most, self._to - self._from)
        self._from += count
        return self._buffer[self._from - count : self._from]

    def wait(self) -> None:
        """Wait until at least one byte can be taken. Raises PeerGone, TooSlow."""
        if self._from == self._to:
            self._receive()

    def wait_unless_stopping(self) -> bool:
        """As `wait`; False when the service stops before the peer sends."""
        while self._from == self._to:
            if not self._is_decrypted() and not self._peer_sends_first():
                return False
            self._rewind()
            self._to += self._received_now() or 0
        return True

    def send(self, data: bytes) -> None:
        """Send all of it. Raises PeerGone, TooSlow."""
        left = memoryview(data)
        while left:
            try:
                left = left[self._socket.send(left) :]
            except (BlockingIOError, ssl.SSLWantWriteError):
                self._wait_until_writable()
            except ssl.SSLWantReadError:
                self._wait_until_readable()
            except OSError as error:
                raise PeerGone(_why(error)) from error

    def cut(self) -> None:
        """End the connection; whoever waits for the peer sees that it has gone. Any thread may call this."""
        with suppress(OSError):
            socket.socket.shutdown(self._socket, socket.SHUT_RDWR)  # TLS's own would forget its state

    def close(self, *, linger: bool) -> None:
        """Close. With `linger` after the peer has, or has had LINGER_S to: else it may lose our last PDU."""
        if isinstance(self._socket, ssl.SSLSocket):
            with suppress(OSError, ValueError):  # nobody waits for the peer's close_notify
                self._socket.unwrap()
        if linger:
            close_after_peer(self._socket)
        else:
            self._socket.close()
        self._pages.madvise(mmap.MADV_DONTNEED)  # not when the garbage collector comes

    def _peer_sends_first(self) -> bool:
        """Wait for the peer; False when the service stops before it sends. Raises TooSlow."""
        ready = self._readable_or_stopping.poll(min(self._left_ms(), _IDLE_MS))
        if not ready:
            self._pages.madvise(mmap.MADV_DONTNEED)
            ready = self._readable_or_stopping.poll(self._left_ms())
        if any(descriptor == self._stopping.fileno() for descriptor, _ in ready):
            return False
        if not ready:
            raise TooSlow("the peer did not send in time")
        return True

    def _is_decrypted(self) -> bool:
        """Whether TLS holds bytes that can be read at once: a poll does not see them."""
        return isinstance(self._socket, ssl.SSLSocket) and self._socket.pending() > 0

    def _rewind(self) -> None:
        """Make room in the buffer."""
        self._before_receiving()
        if self._from == self._to:
            self._from = self._to = 0
        elif self._to == BUFFER_BYTES:
            kept = bytes(self._buffer[self._from : self._to])
            self._buffer[: len(kept)] = kept
            self._from, self._to = 0, len(kept)

    def _receive(self) -> None:
        self._rewind()
        while (count := self._received_now()) is None:
            _acknowledge_at_once(self._socket)
            self._wait_until_readable()
        self._to += count

    def _received_now(self) -> int | None:
        """None where nothing has come. What has come is never too late: the disk may have kept us waiting."""
        try:
            count = self._socket.recv_into(self._buffer[self._to :])
        except (BlockingIOError, ssl.SSLWantReadError):
            return None
        except ssl.SSLWantWriteError:
            self._wait_until_writable()
            return None
        except OSError as error:
            raise PeerGone(_why(error)) from error
        if count == 0:
            raise PeerGone("the peer closed the connection")
        return count

    def _wait_until_readable(self) -> None:
        if not self._readable.poll(self._left_ms()):
            raise TooSlow("the peer did not send in time")

    def _wait_until_writable(self) -> None:
        if not self._writable.poll(self._left_ms()):
            raise TooSlow("the peer does not take its answer")

    def _left_ms(self) -> float:
        return max(0.0, (self.deadline - time.monotonic()) * 1000)


def close_after_peer(connection: socket.socket) -> None:
    """Close after the peer has, or has had LINGER_S to. What it still sends is forgotten as it comes.

    Nothing tells the peer of our end before: it is the requestor that closes, while the acceptor waits
    (PS3.8 9.2.3, Sta13; LINGER_S is its ARTIM timer). Some look for the end before they read our last PDU.
    """
    deadline = time.monotonic() + LINGER_S
    readable = _poll(connection, select.POLLIN)
    with suppress(OSError):
        while (left_s := deadline - time.monotonic()) > 0 and readable.poll(left_s * 1000):
            if not socket.socket.recv(connection, _DRAIN_BYTES):
                break
    connection.close()


def _acknowledge_at_once(connection: socket.socket) -> None:
    """Linux: do not hold acknowledgements back, for which peers without TCP_NODELAY wait 40 ms each.

    The system forgets this again, so it is asked for before each wait.
    """
    if hasattr(socket, "TCP_QUICKACK"):
        with suppress(OSError):  # the peer has gone, as the next read says
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_QUICKACK, 1)


def _poll(connection: socket.socket, event: int) -> select.poll:
    poll = select.poll()
    poll.register(connection, event)
    return poll


def _why(error: OSError) -> str:
    return f"the connection has ended: {error.strerror}"
