"""What is agreed with each sender: the settings of `accept.peers`, worked out once."""

import difflib
from collections.abc import Iterable
from dataclasses import dataclass

from service.accept.admission.networks import Networks
from service.accept.association.contexts import (
    OTHER_SOP_CLASSES,
    STORAGE_SOP_CLASSES,
    TRANSFER_SYNTAXES,
    Supported,
    supported_contexts,
)
from service.accept.association.limits import MAX_PDU_BYTES
from service.config import AcceptSettings
from service.config.peers import Peer
from service.errors import ConfigurationError


@dataclass(frozen=True, slots=True, eq=False)
class Terms:
    """What holds for the associations of one sender, or of all that are not listed."""

    supported: Supported
    max_associations: int
    max_instance_bytes: int
    max_pdu_bytes: int = MAX_PDU_BYTES


class PeerList:
    """Finds a sender's terms. Raises ConfigurationError for entries that cannot be used."""

    def __init__(self, settings: AcceptSettings) -> None:
        supported = supported_contexts(settings.extra_sop_classes)
        self.unlisted = Terms(supported, settings.max_associations, settings.max_instance_bytes)
        self._by_ae_title: dict[str, list[tuple[Networks, Terms]]] = {}
        anywhere: set[str] = set()
        for number, peer in enumerate(settings.peers):
            if peer.ae_title in anywhere:
                raise ConfigurationError(
                    f"accept.peers.{number} is never used: an entry before it has the AE title "
                    f"{peer.ae_title!r} for any host; give that one hosts, or put it last"
                )
            if not peer.hosts:
                anywhere.add(peer.ae_title)
            entry = Networks(peer.hosts, f"accept.peers.{number}.hosts"), self._terms(peer, number)
            self._by_ae_title.setdefault(peer.ae_title, []).append(entry)

    def is_listed(self, ae_title: str) -> bool:
        """Whether there is an entry for the AE title, whatever its hosts."""
        return ae_title in self._by_ae_title

    def find(self, ae_title: str, host: str) -> Terms | None:
        """The first entry with this AE title and host; None where there is none."""
        for networks, terms in self._by_ae_title.get(ae_title, []):
            if networks.have(host):
                return terms
        return None

    def _terms(self, peer: Peer, number: int) -> Terms:
        """As for everybody, where `peer` has nothing of its own."""
        general = self.unlisted
        names = {
            uid: STORAGE_SOP_CLASSES.get(uid, "")
            for uid in general.supported.keys() - OTHER_SOP_CLASSES.keys()
        }
        where = f"accept.peers.{number}"
        classes = set(_uids(peer.sop_classes, names, f"{where}.sop_classes") or names)
        syntaxes = _uids(peer.transfer_syntaxes, TRANSFER_SYNTAXES, f"{where}.transfer_syntaxes")
        supported = {
            uid: tuple(syntaxes) if syntaxes and uid in classes else every
            for uid, every in general.supported.items()
            if uid in classes or uid in OTHER_SOP_CLASSES
        }
        return Terms(
            supported,
            peer.max_associations or general.max_associations,
            min(peer.max_instance_bytes or general.max_instance_bytes, general.max_instance_bytes),
            peer.max_pdu_bytes or general.max_pdu_bytes,
        )


def _uids(wanted: Iterable[str], known: dict[str, str], setting: str) -> list[str]:
    """The UIDs of what is `wanted`, by UID or name; a name may have several, such as a retired one."""
    found: dict[str, None] = {}
    for text in wanted:
        uids = [uid for uid, name in known.items() if text == uid or text.lower() == name.lower()]
        if not uids:
            close = difflib.get_close_matches(text, [*known, *known.values()], n=1)
            hint = f" (did you mean {close[0]!r}?)" if close else ""
            raise ConfigurationError(
                f"{setting} has {text!r}, which is not received{hint}: name one of the conformance "
                "statement, or for a further SOP Class the UID that accept.extra_sop_classes has"
            )
        found.update(dict.fromkeys(uids))
    return list(found)
