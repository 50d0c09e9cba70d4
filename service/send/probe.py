"""What a PACS offers us: does it answer, which of our objects does it take, how can it confirm them?"""

import time
from collections.abc import Iterable
from dataclasses import dataclass

from service.config import Destination, SendSettings
from service.net.c_find import STUDY_ROOT_FIND
from service.net.storage_commitment import STORAGE_COMMITMENT
from service.send.association import associate
from service.send.dimse import contexts_for
from service.send.scu import UNCOMPRESSED

VERIFICATION = "1.2.840.10008.1.1"


@dataclass(frozen=True, slots=True)
class Offered:
    """`echo_status` is None where C-ECHO is not offered. `refused`: SOP Class UIDs that it does not take."""

    took_s: float
    echo_status: int | None
    refused: tuple[str, ...]
    commits: bool
    finds: bool


def probe(destination: Destination, settings: SendSettings, sop_class_uids: Iterable[str]) -> Offered:
    """One association and a C-ECHO on it; nothing is stored. Raises PeerUnavailable."""
    wanted = list(dict.fromkeys(sop_class_uids))
    contexts = ((VERIFICATION, UNCOMPRESSED), *contexts_for(destination, wanted))
    began = time.monotonic()
    with associate(destination, settings, contexts) as association:
        took_s = time.monotonic() - began
        answers = association.accepts(VERIFICATION, UNCOMPRESSED)
        return Offered(
            took_s=took_s,
            echo_status=association.echo() if answers else None,
            refused=tuple(uid for uid in wanted if not association.accepts(uid, UNCOMPRESSED)),
            commits=association.accepts(STORAGE_COMMITMENT, UNCOMPRESSED),
            finds=association.accepts(STUDY_ROOT_FIND, UNCOMPRESSED),
        )
