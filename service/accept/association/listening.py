"""The sockets that peers connect to."""

import socket
from dataclasses import dataclass

from service.accept.association.limits import BACKLOG
from service.errors import ConfigurationError


@dataclass(frozen=True, slots=True)
class Listener:
    """A socket that peers connect to, with TLS or without."""

    socket: socket.socket
    is_tls: bool

    @property
    def port(self) -> int:
        """Its port."""
        return int(self.socket.getsockname()[1])


def listen(bind: str, port: int, setting: str, *, is_tls: bool = False) -> Listener:
    """Listen on the port that `setting` has. Raises ConfigurationError when it cannot be had."""
    try:
        family, _, _, _, address = socket.getaddrinfo(bind, port, type=socket.SOCK_STREAM)[0]
        both = family == socket.AF_INET6 and socket.has_dualstack_ipv6()
        listener = socket.create_server(address, family=family, backlog=BACKLOG, dualstack_ipv6=both)
    except OSError as error:
        raise cannot_listen(bind, port, setting, error) from error
    listener.setblocking(False)
    return Listener(listener, is_tls)


def cannot_listen(bind: str, port: int, setting: str, error: OSError) -> ConfigurationError:
    """The error to raise when listening failed with `error`."""
    return ConfigurationError(
        f"cannot listen on {bind} port {port}: {error.strerror}; stop the other program that uses it, or "
        f"change accept.bind or {setting} (ports below 1024 need rights)"
    )
