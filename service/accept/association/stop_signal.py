"""A signal that threads wait for beside their sockets."""

import socket


class StopSignal:
    """Has a file descriptor that becomes readable when the signal is set, for every thread that polls it."""

    def __init__(self) -> None:
        self._readable, self._other_end = socket.socketpair()

    def fileno(self) -> int:
        """The file descriptor to poll for reading."""
        return self._readable.fileno()

    def set(self) -> None:
        """Wake everybody who waits, now and later."""
        self._other_end.close()

    @property
    def is_set(self) -> bool:
        """Whether it has been set."""
        return self._other_end.fileno() < 0

    def close(self) -> None:
        """Give the file descriptors back, once nobody waits any more."""
        self._other_end.close()
        self._readable.close()
