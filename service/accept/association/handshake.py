"""The TLS handshake of a peer that connects, with an end to waiting."""

import select
import ssl
import time

import structlog

from service.accept.association.stop_signal import StopSignal
from service.accept.association.wire import close_after_peer
from service.net.server_tls import why_refused

log = structlog.get_logger()


def shake_hands(connection: ssl.SSLSocket, host: str, within_s: float, stopping: StopSignal) -> bool:
    """Whether the peer and we agree on TLS, in time. If not, it is logged and the connection closed."""
    deadline = time.monotonic() + within_s
    try:
        while not _go_on(connection, stopping, deadline):
            if stopping.is_set:
                connection.close()
                return False
    except (ssl.SSLEOFError, ConnectionError):
        connection.close()  # as the probe of a load balancer does
    except ssl.SSLError as error:
        log.warning("TLS handshake failed", host=host, reason=why_refused(error, "accept.tls"))
        close_after_peer(connection)  # which is to read why
    except OSError as error:
        log.warning("TLS handshake failed", host=host, reason=f"{error.strerror or error}")
        connection.close()
    else:
        return True
    return False


def _go_on(connection: ssl.SSLSocket, stopping: StopSignal, deadline: float) -> bool:
    """As far as it goes without waiting, then wait for the peer. Returns whether it is done."""
    try:
        connection.do_handshake()
    except (ssl.SSLWantReadError, ssl.SSLWantWriteError) as wanted:
        poll = select.poll()
        is_read = isinstance(wanted, ssl.SSLWantReadError)
        poll.register(connection, select.POLLIN if is_read else select.POLLOUT)
        poll.register(stopping, select.POLLIN)
        left_ms = (deadline - time.monotonic()) * 1000
        if left_ms <= 0 or not poll.poll(left_ms):
            raise TimeoutError("the peer did not finish it in time") from None
        return False
    return True
