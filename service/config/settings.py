"""The whole configuration, checked as a whole.

Environment variables win over the file: `PREREAD_ACCEPT__PORT=104`.
"""

from pathlib import Path
from typing import Literal, Self

from pydantic import model_validator
from pydantic_settings import BaseSettings, PydanticBaseSettingsSource, SettingsConfigDict

from service.config.accept import AcceptSettings
from service.config.assemble import AssembleSettings
from service.config.destination import Destination
from service.config.metrics import MetricsSettings
from service.config.priors import PriorSettings
from service.config.profiles import MESSAGES, PROFILES, DicomKind, ObjectKind
from service.config.retention import RetentionSettings
from service.config.rules import Rule
from service.config.sections import (
    BrokerSettings,
    InferSettings,
    LedgerSettings,
    ReportSettings,
    SendSettings,
)
from service.config.sources import Source, check_sources
from service.config.store import LARGEST_OBJECT_BYTES, StoreSettings
from service.config.task_managers import TaskManager, check_task_managers
from service.config.traces import TracesSettings
from service.config.types import Seconds
from service.config.worklist import WorklistSettings


class Settings(BaseSettings):
    """The whole configuration."""

    model_config = SettingsConfigDict(
        env_prefix="PREREAD_",
        env_nested_delimiter="__",
        extra="forbid",
        frozen=True,
        use_attribute_docstrings=True,
    )

    data_folder: Path = Path("preread-data")
    """Where instances and results lie (without `store`), the journal, and the SQLite ledger."""
    log_format: Literal["console", "json"] = "console"
    """`json` for machines."""
    log_uids: bool = False
    """Whether logs show DICOM UIDs as they are. Off: hashed, since a UID leads to a patient."""
    drain_s: Seconds = 30.0
    """Seconds that a process which is told to stop (SIGTERM, Ctrl-C) may take to finish what it has in hand.
    Then it ends all the same, and another one does that work again. Give an orchestrator a few seconds more
    before it kills."""
    accept: AcceptSettings = AcceptSettings()
    assemble: AssembleSettings = AssembleSettings()
    ledger: LedgerSettings = LedgerSettings()
    store: StoreSettings = StoreSettings()
    retention: RetentionSettings = RetentionSettings()
    broker: BrokerSettings = BrokerSettings()
    infer: InferSettings = InferSettings()
    report: ReportSettings = ReportSettings()
    send: SendSettings = SendSettings()
    worklist: WorklistSettings = WorklistSettings()
    metrics: MetricsSettings = MetricsSettings()
    traces: TracesSettings = TracesSettings()
    destinations: tuple[Destination, ...] = ()
    """PACS that receive results."""
    sources: tuple[Source, ...] = ()
    """PACS that studies are fetched from. The first one is meant where none is named, and is the one in which
    a completeness rule counts."""
    priors: PriorSettings = PriorSettings()
    task_managers: tuple[TaskManager, ...] = ()
    """Worklist managers whose workitems are performed (UPS-RS, IHE AIW-I)."""
    rules: tuple[Rule, ...] = ()
    """Routing rules. None: studies are kept and shown, but not analysed."""

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """The environment before the file: what is set for one process wins."""
        return env_settings, init_settings

    @model_validator(mode="after")
    def _names_resolve(self) -> Self:
        """A rule's destinations exist; no two rules, destinations or sources share a name."""
        check_sources(self.sources)
        for destination in self.destinations:
            if destination.profile not in self.profiles:
                raise ValueError(
                    f"destination {destination.name!r} has the profile {destination.profile!r}, which is not "
                    f"there; profiles are: {', '.join(self.profiles)}"
                )
        known = [destination.name for destination in self.destinations]
        for kind, names in (("destination", known), ("rule", [rule.name for rule in self.rules])):
            twice = {name for name in names if names.count(name) > 1}
            if twice:
                raise ValueError(f"two {kind}s are called {', '.join(sorted(twice))}; give each its own name")
        for rule in self.rules:
            unknown = set(rule.destinations) - set(known)
            if unknown:
                raise ValueError(
                    f"rule {rule.name!r} names the destination {', '.join(sorted(unknown))}, which is not "
                    f"configured; destinations are: {', '.join(known) or 'none'}"
                )
        check_task_managers(self.task_managers, self.sources, self.destinations)
        return self

    @model_validator(mode="after")
    def _store_can_do_it(self) -> Self:
        """What is asked of a bucket is something that it has."""
        if self.store.kind == "s3" and self.retention.keep_free_bytes:
            raise ValueError(
                "retention.keep_free_bytes is for a disk, and store.kind is s3: use retention.images_days"
            )
        if self.store.kind == "s3" and self.accept.max_instance_bytes > LARGEST_OBJECT_BYTES:
            raise ValueError(
                f"accept.max_instance_bytes is above {LARGEST_OBJECT_BYTES}, the most that S3 moves, and "
                "store.kind is s3: lower it"
            )
        return self

    @property
    def profiles(self) -> dict[str, tuple[DicomKind, ...]]:
        """The kinds of objects of each profile, ours and those of the configuration."""
        return PROFILES | {profile.name: profile.objects for profile in self.report.profiles}

    @property
    def objects_of(self) -> dict[str, tuple[ObjectKind, ...]]:
        """What each destination gets: its profile's objects, or the one kind of message that it takes."""
        return {
            one.name: tuple(kind for kind in MESSAGES if kind == one.way) or self.profiles[one.profile]
            for one in self.destinations
        }

    @property
    def ledger_url(self) -> str:
        """The ledger's SQLAlchemy URL, SQLite in the data folder by default."""
        return self.ledger.url or f"sqlite:///{self.data_folder.resolve() / 'ledger.sqlite3'}"
