"""The settings of the other stages. Every field carries its unit in its name, its reason in its docstring."""

from pathlib import Path
from typing import Annotated, Literal

from pydantic import Field

from service.config.profiles import Profile
from service.config.tls import ClientTLS
from service.config.types import AETitle, Name, Seconds, Section


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
    password_file: Path | None = None
    """File that holds the password, in place of the one in `url`. It is read for each connection."""
    tls: ClientTLS | None = None
    """With `amqps://`, such as `{ ca = "/etc/preread/ca.pem" }`. Empty: this system's certificates."""
    prefetch: Annotated[int, Field(ge=1, le=1000)] = 4
    """Reports to be written that `send` holds at one time. More would wait there while another is idle.
    `infer` holds as many as `infer.concurrent_studies`, and each association of `send` one delivery."""
    lease_s: Seconds = 60.0
    """Seconds after which work of a dead worker is given to another (embedded). Living workers renew it."""
    retry_delays_s: Annotated[tuple[Seconds, ...], Field(min_length=1)] = (5.0, 30.0, 120.0, 600.0, 1800.0)
    """Waiting times before each further attempt; the last one is repeated."""
    delivery_limit: Annotated[int, Field(ge=1)] = 5
    """How often a worker may die or stall over a piece of work, or fail by a mistake of its own, before the
    work becomes a dead letter, with the last reason. What only has to wait (for a PACS, a database, the disk)
    does not count."""
    deadline_s: Seconds = 7 * 24 * 3600.0
    """Seconds after which work that had to wait all the time becomes a dead letter, too: seven days."""


class InferSettings(Section):
    """The worker that runs classifiers."""

    classifier_folders: tuple[Path, ...] = ()
    """Folders with further classifiers, beside the ones that are shipped."""
    classifiers: tuple[Name, ...] = ()
    """Of the classifiers that rules name, the ones that this worker runs: set it where each classifier has
    workers of its own, and let every one have some. Empty: all."""
    operating_points: dict[str, str] = Field(default_factory=dict)
    """By a classifier's name, the operating point that counts instead of its usual one, such as
    `high sensitivity`, `balanced` or `high specificity`; its manifest says what each was measured to give."""
    guard_limits: dict[str, Annotated[float, Field(gt=0)]] = Field(default_factory=dict)
    """By a classifier's name, up to which strangeness it takes images instead of its own limit. Its refusals
    name the strangeness. Raise it only for a scanner whose images are shown to be read as well as others."""
    threads: Annotated[int, Field(ge=0)] = 0
    """Threads of ONNX Runtime. 0: one per core."""
    max_frames: Annotated[int, Field(ge=1)] = 16
    """Frames of a cine that are analysed, evenly spread over it."""
    frame_heatmaps: Annotated[int, Field(ge=1, le=64)] = 16
    """Frames of a cine whose heatmaps are kept, shown and sent as `cine-heatmap`: the most suspicious ones.
    Of the others only the probability is known. Each takes memory of the worker until the cine is read, and
    space in the store."""
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
    not_analysed: bool = False
    """Whether a study that no classifier could analyse gets an SR too, which says why."""
    webhook_patient_data: bool = False
    """Whether webhooks name the patient: ID, accession number and study date. Off: the Study Instance UID
    only."""
    profiles: tuple[Profile, ...] = ()
    """Profiles of your own for `destinations[].profile`. One called as one of ours takes its place."""

    @property
    def is_research(self) -> bool:
        """Whether everything says RESEARCH USE."""
        return self.content_qualification != "PRODUCT"


class SendSettings(Section):
    """How results are sent to destinations."""

    ae_title: AETitle = "PREREAD"
    """Our calling AE title towards the PACS. It sends reports of storage commitment to this title: let it be
    one of `accept` too, and let the PACS know the host and the port of `accept` under it."""
    connect_timeout_s: Seconds = 15.0
    """Seconds to wait for a connection and for an association."""
    dimse_timeout_s: Seconds = 60.0
    """Seconds to wait for the answer to one C-STORE, C-FIND or N-ACTION."""
    confirm_wait_s: Seconds = 3.0
    """Seconds to wait at once for the confirmation of what was just sent: for a report of storage commitment,
    or until a query finds it. Later reports come on a new association, and queries are repeated."""
    keep_open_s: Annotated[float, Field(ge=0)] = 5.0
    """Seconds that an idle association is kept for the next results."""
