"""The storage SCP on our own data path: listens, and gives each connection a thread and an Association."""

import select
import socket
import threading
import time
from contextlib import ExitStack

import structlog

from service.accept.admission import Admission, Caller, Rejection, log_rejection
from service.accept.association import Association
from service.accept.contexts import supported_contexts
from service.accept.limits import BACKLOG, CONNECTIONS_PER_ASSOCIATION
from service.accept.listening import cannot_listen
from service.accept.quiet import quiet_pynetdicom
from service.accept.stop_signal import StopSignal
from service.accept.store_instance import InstanceReceiver
from service.config import AcceptSettings

log = structlog.get_logger()

_AFTER_FAILURE_S = 0.1
"""Out of file descriptors or memory: time for a connection to end before the next one is tried."""
_JOIN_S = 5.0
"""A connection that was cut ends at once, unless the disk or the database keeps its thread."""


class StorageSCP:
    """Listens from `start` to `stop`. `port` overrides the configured one; 0 takes a free port."""

    def __init__(self, settings: AcceptSettings, receiver: InstanceReceiver, port: int | None = None) -> None:
        self._settings = settings
        self._receiver = receiver
        self._port = settings.port if port is None else port
        self._admission = Admission(settings)
        self._supported = supported_contexts(settings.extra_sop_classes)
        self._lock = threading.Lock()
        self._open: dict[Association, threading.Thread] = {}
        self._admitted: set[Association] = set()
        self._listener: socket.socket | None = None
        self._stopping: StopSignal | None = None
        self._thread: threading.Thread | None = None

    @property
    def port(self) -> int:
        """The port that it listens on."""
        return int(self._listener.getsockname()[1]) if self._listener else self._port

    @property
    def open_connections(self) -> int:
        """Connections that are open, associations or not yet."""
        with self._lock:
            return len(self._open)

    def start(self) -> None:
        """Listen, on a thread of its own. Raises ConfigurationError when the port cannot be had."""
        quiet_pynetdicom()
        try:
            self._listener = _listen(self._settings.bind, self._port)
        except OSError as error:
            raise cannot_listen(self._settings, self._port, error) from error
        self._stopping = StopSignal()
        self._thread = threading.Thread(
            target=self._accept, args=(self._listener, self._stopping), name="accept", daemon=True
        )
        self._thread.start()
        log.info("listening", ae_title=self._settings.ae_title, host=self._settings.bind, port=self.port)

    def stop(self, grace_s: float) -> None:
        """Take no new association, let each C-STORE that has begun end for up to `grace_s`, then abort."""
        if self._stopping is None or self._thread is None:
            return
        self._stopping.set()
        self._thread.join()
        self._join(grace_s)
        for association in self._still_open():
            association.cut()
        self._join(_JOIN_S)
        if not self._still_open():
            self._stopping.close()
        self._listener = self._stopping = self._thread = None
        log.info("stopped listening", ae_title=self._settings.ae_title)

    def _accept(self, listener: socket.socket, stopping: StopSignal) -> None:
        poll = select.poll()
        poll.register(listener, select.POLLIN)
        poll.register(stopping, select.POLLIN)
        with listener:
            while poll.poll() and not stopping.is_set:
                try:
                    self._take(listener, stopping)
                except (BlockingIOError, ConnectionError):
                    continue  # the peer has gone again
                except Exception as error:  # outermost edge: out of descriptors or memory, not for ever
                    log.error("connection not taken", reason=str(error))
                    time.sleep(_AFTER_FAILURE_S)

    def _take(self, listener: socket.socket, stopping: StopSignal) -> None:
        connection, address = listener.accept()
        with ExitStack() as on_failure:
            on_failure.callback(connection.close)
            if self.open_connections >= self._settings.max_associations * CONNECTIONS_PER_ASSOCIATION:
                return
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
            self._begin(connection, address[0], stopping)
            on_failure.pop_all()

    def _begin(self, connection: socket.socket, host: str, stopping: StopSignal) -> None:
        association = Association(
            connection,
            host,
            self._receiver,
            self._supported,
            self._settings.network_timeout_s,
            stopping,
            admit=lambda caller: self._admit(association, caller),
            released=lambda: self._release(association),
        )
        thread = threading.Thread(target=self._serve, args=(association,), name="association", daemon=True)
        with self._lock:
            self._open[association] = thread
        try:
            thread.start()
        except BaseException:
            self._forget(association)
            raise

    def _serve(self, association: Association) -> None:
        try:
            association.serve()
        finally:
            self._forget(association)

    def _admit(self, association: Association, caller: Caller) -> Rejection | None:
        with self._lock:
            stopping = self._stopping is None or self._stopping.is_set
            rejection = self._admission.decide(caller, len(self._admitted), stopping=stopping)
            if rejection is None:
                self._admitted.add(association)
                return None
        log_rejection(caller, rejection)
        return rejection

    def _release(self, association: Association) -> None:
        with self._lock:
            self._admitted.discard(association)

    def _forget(self, association: Association) -> None:
        with self._lock:
            self._admitted.discard(association)
            del self._open[association]

    def _still_open(self) -> dict[Association, threading.Thread]:
        with self._lock:
            return dict(self._open)

    def _join(self, within_s: float) -> None:
        deadline = time.monotonic() + within_s
        for thread in self._still_open().values():
            thread.join(max(0.0, deadline - time.monotonic()))


def _listen(host: str, port: int) -> socket.socket:
    family, _, _, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
    both = family == socket.AF_INET6 and socket.has_dualstack_ipv6()
    listener = socket.create_server(address, family=family, backlog=BACKLOG, dualstack_ipv6=both)
    listener.setblocking(False)
    return listener
