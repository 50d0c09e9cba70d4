"""Settings of single senders, and of TLS towards all of them."""

from pathlib import Path
from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from service.config.types import AETitle, Port, Section

SMALLEST_PROPOSED_PDU_BYTES = 4096
LARGEST_PROPOSED_PDU_BYTES = 131072


class Peer(Section):
    """A sender with settings of its own. The first entry with its AE title and its address holds."""

    ae_title: AETitle
    """Its calling AE title."""
    hosts: tuple[str, ...] = ()
    """Addresses or networks (`10.1.0.0/16`) from which it calls; from others it is rejected. Empty: any."""
    sop_classes: tuple[str, ...] = ()
    """Storage SOP Classes that it may send, by UID or name (`Ultrasound Image Storage`). Empty: all that are
    received. Verification is answered anyhow."""
    transfer_syntaxes: tuple[str, ...] = ()
    """Transfer syntaxes that it may use, by UID or name (`JPEG 2000 Image Compression (Lossless Only)`), the
    preferred one first. Empty: all, in the order of the conformance statement."""
    max_associations: Annotated[int, Field(ge=1, le=1000)] | None = None
    """Its associations at one time. Empty: `accept.max_associations` is the only limit."""
    max_pdu_bytes: (
        Annotated[int, Field(ge=SMALLEST_PROPOSED_PDU_BYTES, le=LARGEST_PROPOSED_PDU_BYTES)] | None
    ) = None
    """Longest PDU that is proposed to it, for a sender that cannot cope with 131072, the default."""
    max_instance_bytes: Annotated[int, Field(ge=1024)] | None = None
    """Largest dataset that is kept from it, where that is less than `accept.max_instance_bytes`."""
    character_set: str = ""
    """The character set that its text is in, whatever it declares: `ISO_IR 192` or another term of Specific
    Character Set, several joined by backslashes, or a name such as `windows-1251`. Names are shown and rules
    are compared by it; what was received is kept as it came. Of several entries with its AE title the first
    one that has this holds. Empty: as declared."""
    site: Annotated[str, Field(max_length=64)] = ""
    """Where it stands, such as `Clinic North`: the drift board adds up what comes from there. Of several
    entries with its AE title the first one that has this holds. Empty: of no site."""


class TLSSettings(Section):
    """DICOM over TLS, on a port of its own. On when `certificate` and `key` are given.

    Files are PEM. They are looked at for each new connection: replace them, and the next one gets the new.
    """

    certificate: Path | None = None
    """Our certificate, then those between it and its root."""
    key: Path | None = None
    """The certificate's private key, without a password. Nobody else should be able to read it."""
    ca: Path | None = None
    """Certificates that senders' certificates must come from."""
    client_certificates: Literal["required", "optional", "off"] = "required"
    """`required`: who shows none from `ca` is turned away. `optional`: only who shows one from elsewhere is.
    `off`: none is asked for, and the AE title is all that says who calls."""
    port: Port = 2762
    """TCP port to listen on; 2762 is the registered one of DICOM over TLS."""
    only: bool = False
    """Whether `accept.port`, where nothing is encrypted, stays closed."""
    minimum_version: Literal["1.2", "1.3"] = "1.2"
    """Oldest version of TLS that is spoken."""

    @property
    def is_on(self) -> bool:
        """Whether a TLS port is opened."""
        return self.certificate is not None

    @model_validator(mode="after")
    def _is_whole(self) -> Self:
        if (self.certificate is None) is not (self.key is None):
            raise ValueError("give both certificate and key, or neither for no TLS")
        if self.is_on and self.client_certificates != "off" and self.ca is None:
            raise ValueError(
                "give ca, the certificates that senders' certificates come from, or set client_certificates "
                "to off"
            )
        if self.only and not self.is_on:
            raise ValueError(
                "only closes the port without TLS: give certificate and key for the one with TLS"
            )
        return self
