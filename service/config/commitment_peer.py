"""Where senders listen for the answers to their requests for storage commitment."""

from service.config.tls import ClientTLS
from service.config.types import AETitle, Port, Section


class CommitmentPeer(Section):
    """A sender that is told about storage commitment on a new association."""

    ae_title: AETitle
    """Its calling AE title; it is called by the same."""
    host: str
    """Address or name."""
    port: Port
    """TCP port that it listens on."""
    tls: ClientTLS | None = None
    """TLS towards it, such as `{ ca = "/etc/preread/ca.pem" }`. Empty: none."""
