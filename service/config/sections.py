"""The settings of each stage. Every field carries its unit in its name and its reason in its docstring."""

from pathlib import Path
from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from service.config.commitment_peer import CommitmentPeer
from service.config.completeness import Completeness, check_waits
from service.config.peers import Peer, TLSSettings
from service.config.rules import Predicate
from service.config.stow import StowSettings
from service.config.types import AETitle, Name, Port, Seconds, Section
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
    """Files of 16 MiB that are kept ready for it. More are made while they are needed."""
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


class AssembleSettings(Section):
    """When a study counts as complete."""

    quiet_period_s: Seconds = 60.0
    """Seconds without a new instance. DICOM has no end-of-study signal; 60 s outlasts the pause between two
    images at a scanner."""
    ceiling_s: Seconds = 14400.0
    """Seconds after the first instance of a revision at which waiting ends, whatever still comes: no study
    waits for ever. Counted from the first instance, since one that trickles in would move the last one on."""
    at_ceiling: Literal["process", "park"] = "process"
    """What happens then. `process`: the study is analysed as it is. `park`: it waits, in the state `parked`,
    for a person (`preread retry`) or a further image."""
    poll_interval_s: Seconds = 1.0
    """How often studies are looked at that may have become complete."""
    completeness: tuple[Completeness, ...] = ()
    """Rules that tell complete studies sooner and more surely than the quiet period does."""

    @property
    def whens(self) -> tuple[dict[str, Predicate], ...]:
        """All predicates of the completeness rules."""
        return tuple(when for rule in self.completeness for when in (rule.when, rule.views.unilateral_when))

    @model_validator(mode="after")
    def _rules_can_work(self) -> Self:
        """Names are unique, and no ceiling ends a study before its quiet period can."""
        names = [rule.name for rule in self.completeness]
        twice = {name for name in names if names.count(name) > 1}
        if twice:
            raise ValueError(f"two completeness rules are called {', '.join(sorted(twice))}; rename one")
        check_waits("assemble", self.ceiling_s, {"quiet_period_s": self.quiet_period_s})
        for rule in self.completeness:
            quiet_period_s = rule.quiet_period_s or self.quiet_period_s
            waits_s = {"settling_s": rule.settling_s, "quiet_period_s": quiet_period_s}
            check_waits(f"completeness rule {rule.name!r}", rule.ceiling_s or self.ceiling_s, waits_s)
        return self


class LedgerSettings(Section):
    """The database that holds every state."""

    url: str = ""
    """SQLAlchemy URL. Empty: SQLite in the data folder. A cluster has `postgresql+psycopg://user@host/preread`."""


class BrokerSettings(Section):
    """How work reaches the workers."""

    kind: Literal["embedded", "rabbitmq"] = "embedded"
    """`embedded`: leased rows of the ledger, no server. `rabbitmq`: quorum queues."""
    url: str = "amqp://guest:guest@127.0.0.1:5672/%2F"
    """Where RabbitMQ is. `amqps://` for TLS."""
    prefetch: Annotated[int, Field(ge=1, le=1000)] = 4
    """Deliveries that `send` holds per queue at one time. More would wait there while another is idle.
    `infer` holds as many as `infer.concurrent_studies`."""
    lease_s: Seconds = 60.0
    """Seconds after which work of a dead worker is given to another (embedded). Living workers renew it."""
    retry_delays_s: Annotated[tuple[Seconds, ...], Field(min_length=1)] = (5.0, 30.0, 120.0, 600.0, 1800.0)
    """Waiting times before each further attempt; the last one is repeated."""
    delivery_limit: Annotated[int, Field(ge=1)] = 20
    """Attempts after which work becomes a dead letter, with its last reason."""


class InferSettings(Section):
    """The worker that runs classifiers."""

    classifier_folders: tuple[Path, ...] = ()
    """Folders with further classifiers, beside the ones that are shipped."""
    threads: Annotated[int, Field(ge=0)] = 0
    """Threads of ONNX Runtime. 0: one per core."""
    max_frames: Annotated[int, Field(ge=1)] = 16
    """Frames of a cine that are analysed, evenly spread over it."""
    backend: Literal["auto", "tensorrt", "onnxruntime", "onnxruntime-cuda", "torch"] = "auto"
    """What runs the networks. `auto`: TensorRT where it is installed and a GPU answers, else ONNX Runtime on
    the CPU; the log says which and why. `onnxruntime-cuda` needs the package onnxruntime-gpu; `torch` is for
    comparing and needs a checkpoint beside the model."""
    precision: Literal["fp32", "tf32", "fp16", "int8"] = "fp32"
    """In which numbers. fp32 is what the classifier's figures were measured with; the others are faster, and
    `preread engine verify` says whether decisions stay the same. tf32 and fp16 need TensorRT."""
    device: Annotated[int, Field(ge=0)] = 0
    """Number of the GPU, as CUDA counts."""
    plan_folder: Path | None = None
    """Where TensorRT plans are kept. Empty: `plans` in the data folder. Who can write there can replace the
    network."""
    build_plans: bool = True
    """Whether a worker builds a plan that is not there, which takes seconds to minutes at its first start.
    Off: it refuses to start until `preread engine build` has run."""
    largest_batch: Annotated[int, Field(ge=1, le=64)] = 32
    """Images in one call of a network on a GPU. More takes more memory and is hardly faster. A CPU gets at
    most 4: it is no faster with more, and what is urgent waits for the batch before it."""
    batch_deadline_s: Annotated[float, Field(ge=0)] = 0.01
    """Seconds that a routine image waits for others to fill its batch. Urgent ones do not wait."""
    concurrent_studies: Annotated[int, Field(ge=1, le=256)] = 4
    """Studies that a worker has in hand at one time, so that their images share batches. One more place is
    kept for urgent studies."""
    decode_threads: Annotated[int, Field(ge=0)] = 0
    """Threads that decode and prepare images. 0: one per core."""
    lanes: Annotated[int, Field(ge=0, le=16)] = 0
    """Engines of one classifier that work side by side, so that one computes while another copies. 0: two on
    a GPU, one on a CPU."""


class ReportSettings(Section):
    """The result objects."""

    manufacturer: str = "Preread"
    """Manufacturer (0008,0070) of the result objects."""
    institution_name: str = ""
    """Institution Name (0008,0080). Empty: left out."""
    device_serial_number: str = "1"
    """Device Serial Number (0018,1000): tells two installations apart."""
    content_qualification: Literal["RESEARCH", "PRODUCT"] = "RESEARCH"
    """Content Qualification (0018,9004). PRODUCT only for a classifier that is cleared for clinical use where
    you are; this changes the RESEARCH USE label on every object."""


class SendSettings(Section):
    """The C-STORE SCU."""

    ae_title: AETitle = "PREREAD"
    """Our calling AE title towards the PACS."""
    connect_timeout_s: Seconds = 15.0
    """Seconds to wait for a connection and for an association."""
    dimse_timeout_s: Seconds = 60.0
    """Seconds to wait for the answer to one C-STORE."""


class WorklistSettings(Section):
    """The web page."""

    bind: str = "127.0.0.1"
    """Address to listen on. The page shows patient data and has no login yet: leave it on loopback, or put a
    proxy with authentication in front."""
    port: Port = 8100
    """TCP port."""


class Destination(Section):
    """A PACS that receives results."""

    name: Name
    """How rules call it."""
    host: str
    """Address or name."""
    port: Port
    """TCP port."""
    ae_title: AETitle
    """Its AE title."""
