"""The storage SCP on our own data path: listens, and gives each connection a thread and an Association."""

import select
import socket
import ssl
import threading
import time
from collections.abc import Callable
from contextlib import ExitStack

import structlog

from service.accept.admission.admission import (
    Admission,
    Caller,
    Rejection,
    never,
    tell_admission,
    tell_rejection,
)
from service.accept.admission.peers import Terms
from service.accept.association.association import Association
from service.accept.association.handshake import shake_hands
from service.accept.association.limits import ASSOCIATE_WITHIN_S, CONNECTIONS_PER_ASSOCIATION
from service.accept.association.listening import Listener, listen
from service.accept.association.n_services import NO_SERVICES, NServices
from service.accept.association.stop_signal import StopSignal
from service.accept.fallback.quiet import quiet_pynetdicom
from service.accept.instance.receiver import InstanceReceiver
from service.config import AcceptSettings
from service.net.server_tls import Certificates

log = structlog.get_logger()

_AFTER_FAILURE_S = 0.1
"""Out of file descriptors or memory: time for a connection to end before the next one is tried."""
_JOIN_S = 5.0
"""A connection that was cut ends at once, unless the disk or the database keeps its thread."""


class StorageSCP:
    """Listens from `start` to `stop`. `port` and `tls_port` override the configured ones; 0: a free port.

    Raises ConfigurationError for settings and certificates that cannot be used.
    """

    def __init__(
        self,
        settings: AcceptSettings,
        receiver: InstanceReceiver,
        port: int | None = None,
        tls_port: int | None = None,
        is_space_low: Callable[[], bool] = never,
        services: NServices = NO_SERVICES,
    ) -> None:
        self._settings = settings
        self._receiver = receiver
        self._services = services
        self._ports = (
            settings.port if port is None else port,
            settings.tls.port if tls_port is None else tls_port,
        )
        self._admission = Admission(settings, is_space_low)
        self._certificates = Certificates("accept.tls", settings.tls) if settings.tls.is_on else None
        self._lock = threading.Lock()
        self._open: dict[Association, threading.Thread] = {}
        self._admitted: dict[Association, Caller] = {}
        self._listeners: list[Listener] = []
        self._stopping: StopSignal | None = None
        self._thread: threading.Thread | None = None

    @property
    def port(self) -> int:
        """The port that it listens on without TLS."""
        return next((listener.port for listener in self._listeners if not listener.is_tls), self._ports[0])

    @property
    def tls_port(self) -> int:
        """The port that it listens on with TLS."""
        return next((listener.port for listener in self._listeners if listener.is_tls), self._ports[1])

    @property
    def open_connections(self) -> int:
        """Connections that are open, associations or not yet."""
        with self._lock:
            return len(self._open)

    def start(self) -> None:
        """Listen, on a thread of its own. Raises ConfigurationError when a port cannot be had."""
        quiet_pynetdicom()
        self._listeners = self._listen()
        self._stopping = StopSignal()
        self._thread = threading.Thread(
            target=self._accept, args=(self._listeners, self._stopping), name="accept", daemon=True
        )
        self._thread.start()
        for listener in self._listeners:
            log.info(
                "listening",
                ae_title=self._settings.ae_title,
                host=self._settings.bind,
                port=listener.port,
                tls=listener.is_tls,
            )

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
        self._listeners = []
        self._stopping = self._thread = None
        log.info("stopped listening", ae_title=self._settings.ae_title)

    def _listen(self) -> list[Listener]:
        settings = self._settings
        with ExitStack() as on_failure:
            listeners = []
            if not settings.tls.only:
                listeners.append(listen(settings.bind, self._ports[0], "accept.port"))
                on_failure.callback(listeners[0].socket.close)
            if settings.tls.is_on:
                listeners.append(listen(settings.bind, self._ports[1], "accept.tls.port", is_tls=True))
            on_failure.pop_all()
        return listeners

    def _accept(self, listeners: list[Listener], stopping: StopSignal) -> None:
        poll = select.poll()
        poll.register(stopping, select.POLLIN)
        by_descriptor = {listener.socket.fileno(): listener for listener in listeners}
        for descriptor in by_descriptor:
            poll.register(descriptor, select.POLLIN)
        with ExitStack() as on_end:
            for listener in listeners:
                on_end.enter_context(listener.socket)
            while (ready := poll.poll()) and not stopping.is_set:
                for descriptor, _ in ready:
                    self._take_one(by_descriptor[descriptor], stopping)

    def _take_one(self, listener: Listener, stopping: StopSignal) -> None:
        try:
            self._take(listener, stopping)
        except (BlockingIOError, ConnectionError, ssl.SSLError):
            return  # the peer has gone again
        except Exception as error:  # outermost edge: out of descriptors or memory, not for ever
            log.error("connection not taken", reason=str(error))
            time.sleep(_AFTER_FAILURE_S)

    def _take(self, listener: Listener, stopping: StopSignal) -> None:
        connection, address = listener.socket.accept()
        with ExitStack() as on_failure:
            on_failure.callback(connection.close)
            if self.open_connections >= self._settings.max_associations * CONNECTIONS_PER_ASSOCIATION:
                return
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
            if listener.is_tls and self._certificates is not None:
                connection = self._certificates.wrap(connection)
                on_failure.callback(connection.close)
            self._begin(connection, address[0], stopping)
            on_failure.pop_all()

    def _begin(self, connection: socket.socket, host: str, stopping: StopSignal) -> None:
        association = Association(
            connection,
            host,
            self._receiver,
            self._services,
            self._settings.network_timeout_s,
            stopping,
            admit=lambda caller: self._admit(association, caller),
            released=lambda: self._release(association),
        )
        thread = threading.Thread(
            target=self._serve,
            args=(association, connection, host, stopping),
            name="association",
            daemon=True,
        )
        with self._lock:
            self._open[association] = thread
        try:
            thread.start()
        except BaseException:
            self._forget(association)
            raise

    def _serve(
        self, association: Association, connection: socket.socket, host: str, stopping: StopSignal
    ) -> None:
        within_s = min(ASSOCIATE_WITHIN_S, self._settings.network_timeout_s)
        try:
            if not isinstance(connection, ssl.SSLSocket) or shake_hands(connection, host, within_s, stopping):
                association.serve()
        finally:
            self._forget(association)

    def _admit(self, association: Association, caller: Caller) -> Rejection | Terms:
        with self._lock:
            stopping = self._stopping is None or self._stopping.is_set
            decision = self._admission.decide(caller, self._admitted.values(), stopping=stopping)
            if not isinstance(decision, Rejection):
                self._admitted[association] = caller
        if isinstance(decision, Rejection):
            tell_rejection(caller, decision)
        else:
            tell_admission(caller)
        return decision

    def _release(self, association: Association) -> None:
        with self._lock:
            self._admitted.pop(association, None)

    def _forget(self, association: Association) -> None:
        with self._lock:
            self._admitted.pop(association, None)
            del self._open[association]

    def _still_open(self) -> dict[Association, threading.Thread]:
        with self._lock:
            return dict(self._open)

    def _join(self, within_s: float) -> None:
        deadline = time.monotonic() + within_s
        for thread in self._still_open().values():
            thread.join(max(0.0, deadline - time.monotonic()))
