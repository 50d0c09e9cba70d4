"""The settings of `accept`. Every field carries its unit in its name and its reason in its docstring."""

from pathlib import Path
from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from service.config.commitment_peer import CommitmentPeer
from service.config.peers import Peer, TLSSettings
from service.config.stow import StowSettings
from service.config.types import AETitle, Port, Seconds, Section
from service.config.watched_folder import WatchedFolderSettings


class AcceptSettings(Section):
    """The C-STORE SCP."""

    ae_title: AETitle = "PREREAD"
    """Our AE title. Scanners call this one."""
    extra_ae_titles: tuple[AETitle, ...] = ()
    """Further AE titles of ours on the same port."""
    bind: str = "0.0.0.0"  # noqa: S104 - scanners are other machines; restrict by the lists below
    """Address to listen on. `127.0.0.1` accepts only from this machine."""
    port: Port = 11112
    """TCP port to listen on. 104, the registered port, needs rights on most systems."""
    require_called_ae_title: bool = True
    """Whether an association that calls another AE title than ours is rejected."""
    allowed_calling_ae_titles: tuple[AETitle, ...] = ()
    """Calling AE titles that may associate, beside those of `peers`. Empty: any."""
    only_listed_peers: bool = False
    """Whether only senders in `peers` may associate."""
    allowed_hosts: tuple[str, ...] = ()
    """Addresses or networks (`10.1.0.0/16`) that may associate. Empty: any."""
    extra_sop_classes: tuple[str, ...] = ()
    """UIDs of storage SOP Classes to accept beside the built-in ones of breast imaging."""
    max_associations: Annotated[int, Field(ge=1, le=1000)] = 250
    """Associations at one time; one more is rejected as transient (PS3.8 9.3.4)."""
    network_timeout_s: Seconds = 60.0
    """Silence on an association, or time that one PDU takes, after which it is aborted."""
    max_instance_bytes: Annotated[int, Field(ge=1024)] = 2 * 1024**3
    """Largest dataset that is kept. A larger one is answered with 0xA700."""
    receiver: Literal["own", "pynetdicom"] = "own"
    """Which data path receives. `own`: streams to the disk. `pynetdicom`: collects each dataset in memory and
    is slower; to fall back to where a peer and ours do not understand each other. Lower `max_associations`
    with it."""
    min_free_bytes: Annotated[int, Field(ge=0)] = 1024**3
    """Free space under which instances are refused with 0xA700 rather than accepted and lost, and
    associations that would store are rejected as transient."""
    resume_free_bytes: Annotated[int, Field(ge=0)] | None = None
    """Free space from which such associations are taken again. Empty: 1.25 times `min_free_bytes`."""
    durability: Literal["journal", "direct"] = "journal"
    """What is on disk before Success is answered. `journal`: the instance, in a journal on this machine; file
    and ledger entry follow, so it is fast, and receiving goes on while the database is away. `direct`: file
    and ledger entry; for replicas without a disk of their own."""
    conflicting_instances: Literal["keep_first", "replace", "refuse"] = "keep_first"
    """What becomes of an instance with a known SOP Instance UID and other content. `keep_first`: it goes to
    the quarantine, and Success is answered. `replace`: it takes the place of the first one, which goes to the
    quarantine, and the study becomes a new revision. `refuse`: 0x0111 is answered, and it goes to the
    quarantine; the ledger is asked before each answer, so receiving is as with `durability = "direct"`."""
    journal_folder: Path | None = None
    """Where the journal is; each accept process has its own. Empty: `journal` in the data folder."""
    journal_segments: Annotated[int, Field(ge=2, le=1024)] = 8
    """Files of 32 MiB that are kept ready for it. Half of them take a burst of images at full speed before
    files and ledger entries are made beside; more are made while they are needed."""
    peers: tuple[Peer, ...] = ()
    """Senders with settings of their own."""
    tls: TLSSettings = TLSSettings()
    stow: StowSettings = StowSettings()
    watched_folder: WatchedFolderSettings = WatchedFolderSettings()
    commitment_peers: tuple[CommitmentPeer, ...] = ()
    """Where senders listen for answers to their requests for storage commitment that came too late for the
    association of the request."""

    @model_validator(mode="after")
    def _goes_together(self) -> Self:
        if self.tls.is_on and self.receiver == "pynetdicom":
            raise ValueError(
                "tls needs receiver = own: with pynetdicom one silent TLS client would keep out all others"
            )
        if self.tls.is_on and not self.tls.only and self.tls.port == self.port:
            raise ValueError(f"port and tls.port are both {self.port}: give one of them another number")
        if self.only_listed_peers and not self.peers:
            raise ValueError("only_listed_peers lets nobody in while peers is empty: list them")
        if self.resume_free_bytes is not None and self.resume_free_bytes < self.min_free_bytes:
            raise ValueError("resume_free_bytes is below min_free_bytes: it must not be less")
        told = [peer.ae_title for peer in self.commitment_peers]
        if len(set(told)) < len(told):
            raise ValueError("commitment_peers has an ae_title twice: keep the one where it listens")
        return self
