"""Links to every destination, by the way that is configured for it."""

from collections.abc import Collection, Iterator
from contextlib import contextmanager

from service.config import Destination, SendSettings
from service.send.associations import Associations
from service.send.dimse import DimseLink, contexts_for
from service.send.event_report import OnReport
from service.send.link import Link
from service.send.stow_link import StowLink


class Links:
    """Opens links; associations are kept for a while, and closed by `close_idle` and `close`."""

    def __init__(
        self, destinations: Collection[Destination], settings: SendSettings, on_report: OnReport
    ) -> None:
        self._associations = {
            one.name: Associations(one, settings, on_report) for one in destinations if one.stow is None
        }

    @contextmanager
    def open(self, destination: Destination, sop_class_uids: Collection[str]) -> Iterator[Link]:
        """A link for objects of these SOP Classes. Raises PeerUnavailable."""
        if destination.stow is not None:
            yield StowLink(destination.stow)
            return
        contexts = contexts_for(destination, sop_class_uids)
        with self._associations[destination.name].lend(contexts) as association:
            yield DimseLink(association)

    def close_idle(self) -> None:
        """Release associations that nobody has used for a while."""
        for associations in self._associations.values():
            associations.close_idle()

    def close(self) -> None:
        """Release all associations that are idle."""
        for associations in self._associations.values():
            associations.close()
