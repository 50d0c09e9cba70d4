"""Scanners that send until they are answered: what was not acknowledged is sent again, as a modality does."""

import struct
import threading
import time
from collections import deque
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress

from tests.fakes.peer import ASSOCIATE_AC, P_DATA, BadPeer, p_data, pdu, store_rq
from tests.faults.studies import Image, SmallStudy

SUCCESS = struct.pack("<HHLH", 0x0000, 0x0900, 2, 0x0000)
"""The element Status (0000,0900) of an answer, Implicit VR Little Endian."""
A_RELEASE_RQ = 0x05
ANSWER_S = 20.0
"""Longest wait for an answer, after which a scanner gives the association up."""
PAUSE_S = 0.3
"""Between two attempts."""


class Scanners:
    """`count` scanners that share the work. A study is sent over one association where that is possible."""

    def __init__(self, port: int, count: int = 2) -> None:
        self.acknowledged_at: dict[str, float] = {}
        """SOP Instance UID of what was answered with Success; when (seconds since 1970)."""
        self._port = port
        self._waiting: deque[SmallStudy] = deque()
        self._in_hand = 0
        self._changed = threading.Condition()
        self._stop = threading.Event()
        self._threads = [threading.Thread(target=self._run, daemon=True) for _ in range(count)]
        for thread in self._threads:
            thread.start()

    def send(self, study: SmallStudy) -> None:
        """Have a study sent by the next scanner that is free."""
        with self._changed:
            self._waiting.append(study)
            self._changed.notify()

    def is_done(self) -> bool:
        """Whether everything has been acknowledged."""
        with self._changed:
            return not self._waiting and not self._in_hand

    def acknowledged(self, study: SmallStudy) -> tuple[Image, ...]:
        """The images of a study that were answered with Success."""
        return tuple(image for image in study.images if image.uid in self.acknowledged_at)

    def stop(self) -> None:
        """Send no more, acknowledged or not."""
        self._stop.set()
        with self._changed:
            self._changed.notify_all()
        for thread in self._threads:
            thread.join()

    def _run(self) -> None:
        while (study := self._take()) is not None:
            while not self._stop.is_set() and (left := self._left(study)):
                with suppress(OSError):
                    self._associate_and_send(left)
                if self._left(study):
                    self._stop.wait(PAUSE_S)
            with self._changed:
                self._in_hand -= 1

    def _take(self) -> SmallStudy | None:
        with self._changed:
            self._changed.wait_for(lambda: self._waiting or self._stop.is_set())
            if self._stop.is_set():
                return None
            self._in_hand += 1
            return self._waiting.popleft()

    def _left(self, study: SmallStudy) -> list[Image]:
        return [image for image in study.images if image.uid not in self.acknowledged_at]

    def _associate_and_send(self, images: Iterable[Image]) -> None:
        with BadPeer(self._port, ANSWER_S) as peer:
            if peer.associate(calling="SCANNER") != ASSOCIATE_AC:
                return
            for image in images:
                if not _store(peer, image):
                    return
                self.acknowledged_at[image.uid] = time.time()
            peer.send(pdu(A_RELEASE_RQ, bytes(4)))
            peer.receive_pdu()


def _store(peer: BadPeer, image: Image) -> bool:
    """C-STORE; whether the answer was Success."""
    peer.send(p_data(store_rq(image.uid), command=True, last=True))
    peer.send(p_data(image.data, command=False, last=True))
    kind, answer = peer.receive_pdu()
    return kind == P_DATA and SUCCESS in answer


@contextmanager
def scanners(port: int) -> Iterator[Scanners]:
    """Running, and stopped at the end."""
    running = Scanners(port)
    try:
        yield running
    finally:
        running.stop()
