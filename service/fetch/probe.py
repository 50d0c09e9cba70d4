"""What a PACS offers that studies are fetched from."""

import time
from dataclasses import dataclass

from service.fetch.association import UNCOMPRESSED, associate
from service.fetch.c_retrieve import STUDY_ROOT_GET, STUDY_ROOT_MOVE
from service.fetch.peer import Peer
from service.net.c_find import STUDY_ROOT_FIND

VERIFICATION = "1.2.840.10008.1.1"


@dataclass(frozen=True, slots=True)
class Offered:
    """`echo_status` is None where C-ECHO is not offered. `retrieves`: by the way that was asked for."""

    took_s: float
    echo_status: int | None
    finds: bool
    retrieves: bool


def probe(peer: Peer, *, by_move: bool, deadline: float) -> Offered:
    """One association and a C-ECHO on it; nothing is fetched. Raises PeerUnavailable."""
    retrieve = STUDY_ROOT_MOVE if by_move else STUDY_ROOT_GET
    contexts = [(uid, UNCOMPRESSED) for uid in (VERIFICATION, STUDY_ROOT_FIND, retrieve)]
    began = time.monotonic()
    with associate(peer, contexts, deadline=deadline) as association:
        took_s = time.monotonic() - began
        return Offered(
            took_s=took_s,
            echo_status=association.echo() if association.accepts(VERIFICATION) else None,
            finds=association.accepts(STUDY_ROOT_FIND),
            retrieves=association.accepts(retrieve),
        )
