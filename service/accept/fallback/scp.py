"""The storage SCP on pynetdicom's data path: what `accept.receiver` falls back to. Slower than our own."""

import threading
import time
from collections.abc import Callable
from typing import Any

import structlog
from pynetdicom import AE, evt
from pynetdicom.pdu import P_DATA_TF

from service.accept.admission.admission import (
    Admission,
    Caller,
    Rejection,
    never,
    tell_admission,
    tell_rejection,
)
from service.accept.admission.peers import Terms
from service.accept.association.contexts import presentation_contexts
from service.accept.association.limits import ASSOCIATE_WITHIN_S, CONNECTIONS_PER_ASSOCIATION, MAX_PDU_BYTES
from service.accept.association.listening import cannot_listen
from service.accept.association.n_services import NO_SERVICES, NServices
from service.accept.fallback.bounds import BoundedServer, bound_message
from service.accept.fallback.quiet import quiet_pynetdicom
from service.accept.fallback.services import n_service_handlers
from service.accept.instance.receiver import InstanceReceiver
from service.accept.instance.request import StoreRequest
from service.accept.instance.sending import Sending
from service.config import AcceptSettings
from service.dicom.implementation import IMPLEMENTATION_CLASS_UID, IMPLEMENTATION_VERSION_NAME
from service.telemetry.metrics.receiving import ABORTS, ASSOCIATION_SECONDS, OPEN_ASSOCIATIONS

log = structlog.get_logger()

_POLL_S = 0.02


class PynetdicomSCP:
    """Listens from `start` to `stop`. `port` overrides the configured one; 0 takes a free port."""

    def __init__(
        self,
        settings: AcceptSettings,
        receiver: InstanceReceiver,
        port: int | None = None,
        is_space_low: Callable[[], bool] = never,
        services: NServices = NO_SERVICES,
    ) -> None:
        self._settings = settings
        self._receiver = receiver
        self._services = services
        self._port = settings.port if port is None else port
        self._admission = Admission(settings, is_space_low)
        self._admitted: dict[Any, tuple[Caller, Terms]] = {}
        self._storing: set[Any] = set()
        self._sendings: dict[Any, Sending] = {}
        self._opened_at: dict[Any, float] = {}
        self._lock = threading.Lock()
        self._stopping = False
        self._server: Any = None
        self._thread: threading.Thread | None = None

    @property
    def port(self) -> int:
        """The port that it listens on."""
        return int(self._server.server_address[1]) if self._server else self._port

    @property
    def open_connections(self) -> int:
        """Connections that are open, associations or not yet."""
        return len(self._server.active_associations) if self._server else 0

    def start(self) -> None:
        """Listen, on a thread of its own. Raises ConfigurationError when the port cannot be had."""
        quiet_pynetdicom()
        try:
            self._server = self._open_server()
        except OSError as error:
            raise cannot_listen(self._settings.bind, self._port, "accept.port", error) from error
        self._thread = threading.Thread(target=self._server.serve_forever, name="accept", daemon=True)
        self._thread.start()
        log.info("listening", ae_title=self._settings.ae_title, host=self._settings.bind, port=self.port)

    def stop(self, grace_s: float) -> None:
        """Take no new association, let each C-STORE that has begun end for up to `grace_s`, then abort."""
        if self._server is None or self._thread is None:
            return
        self._stopping = True
        self._server.shutdown()
        self._thread.join()
        deadline = time.monotonic() + grace_s
        while associations := self._server.active_associations:
            over = time.monotonic() > deadline
            for assoc in associations:
                if over or not self._is_busy(assoc):
                    _end(assoc)
            if over:
                break
            time.sleep(_POLL_S)
        self._server = self._thread = None
        log.info("stopped listening", ae_title=self._settings.ae_title)

    def _open_server(self) -> Any:
        settings = self._settings
        ae = AE(settings.ae_title)
        ae.implementation_class_uid = IMPLEMENTATION_CLASS_UID
        ae.implementation_version_name = IMPLEMENTATION_VERSION_NAME
        for cx in presentation_contexts(self._admission.peers.unlisted.supported):
            ae.add_supported_context(cx.abstract_syntax, cx.transfer_syntax, cx.scu_role, cx.scp_role)
        ae.maximum_pdu_size = MAX_PDU_BYTES
        ae.acse_timeout = min(ASSOCIATE_WITHIN_S, settings.network_timeout_s)
        ae.dimse_timeout = settings.network_timeout_s
        ae.network_timeout = settings.network_timeout_s
        connections = settings.max_associations * CONNECTIONS_PER_ASSOCIATION
        ae.maximum_associations = (
            connections + 1
        )  # Admission counts: pynetdicom would count silent connections
        server = ae.make_server(
            (settings.bind, self._port),
            server_class=BoundedServer,
            max_connections=connections,
            evt_handlers=[
                (evt.EVT_REQUESTED, self._on_requested),
                (evt.EVT_PDU_RECV, self._on_pdu),
                (evt.EVT_RELEASED, self._on_released),
                (evt.EVT_CONN_CLOSE, self._on_closed),
                (evt.EVT_C_STORE, self._on_store),
                *n_service_handlers(self._services),
            ],
        )
        ae._servers.append(server)  # where pynetdicom's own shutdown looks for it
        return server

    def _on_requested(self, event: Any) -> None:
        assoc = event.assoc
        request = assoc.requestor.primitive
        caller = Caller(
            calling_ae_title=request.calling_ae_title.strip(),
            called_ae_title=request.called_ae_title.strip(),
            host=assoc.requestor.address,
            abstract_syntaxes=frozenset(str(cx.abstract_syntax) for cx in assoc.requestor.requested_contexts),
        )
        with self._lock:
            self._admitted = {other: who for other, who in self._admitted.items() if other.is_alive()}
            others = [other for other, _ in self._admitted.values()]
            decision = self._admission.decide(caller, others, stopping=self._stopping)
            if not isinstance(decision, Rejection):
                self._admitted[assoc] = caller, decision
        if isinstance(decision, Rejection):
            return _reject(assoc, caller, decision)
        tell_admission(caller)
        self._opened_at[assoc] = time.monotonic()
        OPEN_ASSOCIATIONS.inc()
        if decision is not self._admission.peers.unlisted:
            assoc.acceptor.supported_contexts = presentation_contexts(decision.supported)
            assoc.acceptor.maximum_length = decision.max_pdu_bytes
        return None

    def _on_pdu(self, event: Any) -> None:
        if isinstance(event.pdu, P_DATA_TF):
            bound_message(event.assoc, self._settings.max_instance_bytes)

    def _on_store(self, event: Any) -> int:
        self._storing.add(event.assoc)
        try:
            request = event.request
            caller, terms = self._admitted[event.assoc]
            sending = self._sendings.setdefault(event.assoc, Sending(self._receiver))
            arrival = sending.begin(
                StoreRequest(
                    sop_class_uid=str(request.AffectedSOPClassUID),
                    sop_instance_uid=str(request.AffectedSOPInstanceUID),
                    transfer_syntax_uid=str(event.context.transfer_syntax),
                    calling_ae_title=caller.calling_ae_title,
                    called_ae_title=caller.called_ae_title,
                ),
                terms.max_instance_bytes,
            )
            arrival.write(request.DataSet.getvalue() if request.DataSet else b"")
            return sending.finish(arrival)
        finally:
            self._storing.discard(event.assoc)

    def _on_released(self, event: Any) -> None:
        if sending := self._sendings.get(event.assoc):
            sending.released()

    def _on_closed(self, event: Any) -> None:
        if sending := self._sendings.pop(event.assoc, None):
            sending.ended()
        if opened_at := self._opened_at.pop(event.assoc, None):
            OPEN_ASSOCIATIONS.dec()
            ASSOCIATION_SECONDS.observe(time.monotonic() - opened_at)
        _wake(event.assoc)

    def _is_busy(self, assoc: Any) -> bool:
        """Whether a C-STORE is being received, waits, is being stored, or has an answer not yet sent."""
        return bool(
            assoc in self._storing
            or assoc.dimse.message is not None
            or assoc.dimse.msg_queue.qsize()
            or assoc.dul.to_provider_queue.qsize()
        )


def _wake(assoc: Any) -> None:
    """A connection that never asked for an association: its thread would wait for the request until ARTIM."""
    if assoc.requestor.primitive is None:
        assoc.dul.to_user_queue.put(None)


def _reject(assoc: Any, caller: Caller, rejection: Rejection) -> None:
    tell_rejection(caller, rejection)
    assoc.acse.send_reject(rejection.value.result, rejection.value.source, rejection.value.diagnostic)
    assoc.kill()  # returns once the rejection is sent; without it the connection is closed before


def _end(assoc: Any) -> None:
    """Abort. The connection is cut first where its thread waits for the rest of a PDU."""
    if assoc.dimse.message is not None or not assoc.is_established:
        assoc.dul.socket.cut()
    if assoc.is_established:
        ABORTS.inc()
        assoc.abort()
