"""Associations with one destination, each kept open for a while for the next results."""

import threading
import time
from collections.abc import Collection, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass

from service.config import Destination, SendSettings
from service.net.scu import Context
from service.send.association import Association, associate
from service.send.event_report import OnReport


@dataclass(frozen=True, slots=True)
class _Idle:
    association: Association
    proposed: frozenset[Context]
    stack: ExitStack
    """Releases the association when it is closed."""
    until_s: float


class Associations:
    """Lends associations. Threads may share one; each has at most one at a time."""

    def __init__(self, peer: Destination, settings: SendSettings, on_report: OnReport) -> None:
        self._peer = peer
        self._settings = settings
        self._on_report = on_report
        self._idle: list[_Idle] = []
        self._lock = threading.Lock()

    @contextmanager
    def lend(self, contexts: Collection[Context]) -> Iterator[Association]:
        """An association on which at least `contexts` were proposed, kept or new. Raises PeerUnavailable.

        It is kept for the next one unless an error, or a report that it may still bring, spoils it.
        """
        kept = self._take(frozenset(contexts))
        stack = kept.stack if kept else ExitStack()
        with ExitStack() as on_failure:
            on_failure.push(stack)
            association = kept.association if kept else self._open(stack, contexts)
            yield association
            proposed = kept.proposed if kept else frozenset(contexts)
            until_s = time.monotonic() + self._settings.keep_open_s
            if association.is_open and not association.owed and self._settings.keep_open_s:
                on_failure.pop_all()
                self._put_back(_Idle(association, proposed, stack, until_s))

    def close_idle(self) -> None:
        """Release those that nobody has used for `send.keep_open_s`, and those that the PACS has ended."""
        now_s = time.monotonic()
        with self._lock:
            over = [one for one in self._idle if one.until_s <= now_s or not one.association.is_open]
            self._idle = [one for one in self._idle if one not in over]
        _close(over)

    def close(self) -> None:
        """Release all that are idle."""
        with self._lock:
            over, self._idle = self._idle, []
        _close(over)

    def _open(self, stack: ExitStack, contexts: Collection[Context]) -> Association:
        return stack.enter_context(associate(self._peer, self._settings, contexts, self._on_report))

    def _take(self, contexts: frozenset[Context]) -> _Idle | None:
        """One that fits. One that does not is closed, so that there are never more than threads."""
        with self._lock:
            if not self._idle:
                return None
            fitting = [one for one in self._idle if contexts <= one.proposed and one.association.is_open]
            chosen = (fitting or self._idle)[0]
            self._idle.remove(chosen)
        if fitting:
            return chosen
        _close([chosen])
        return None

    def _put_back(self, one: _Idle) -> None:
        with self._lock:
            self._idle.append(one)


def _close(over: list[_Idle]) -> None:
    for one in over:
        one.stack.close()
