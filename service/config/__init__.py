"""The configuration: one file (TOML or YAML) plus environment variables, checked as a whole at start."""

from service.config.accept import AcceptSettings
from service.config.assemble import AssembleSettings
from service.config.completeness import Completeness, ExpectedViews
from service.config.destination import Destination, StowDestination
from service.config.message_destinations import FhirDestination, Hl7Destination, WebhookDestination
from service.config.metrics import MetricsSettings
from service.config.retention import RetentionSettings
from service.config.rules import Predicate, Rule
from service.config.sections import (
    BrokerSettings,
    InferSettings,
    LedgerSettings,
    ReportSettings,
    SendSettings,
)
from service.config.series import SeriesCompleteness
from service.config.settings import Settings
from service.config.sources import DicomWebSource, DimseSource, Source
from service.config.store import StoreSettings
from service.config.task_managers import Task, TaskManager
from service.config.tls import ClientTLS
from service.config.traces import TracesSettings
from service.config.worklist import WorklistSettings

__all__ = [
    "AcceptSettings",
    "AssembleSettings",
    "BrokerSettings",
    "ClientTLS",
    "Completeness",
    "Destination",
    "DicomWebSource",
    "DimseSource",
    "ExpectedViews",
    "FhirDestination",
    "Hl7Destination",
    "InferSettings",
    "LedgerSettings",
    "MetricsSettings",
    "Predicate",
    "ReportSettings",
    "RetentionSettings",
    "Rule",
    "SendSettings",
    "SeriesCompleteness",
    "Settings",
    "Source",
    "StoreSettings",
    "StowDestination",
    "Task",
    "TaskManager",
    "TracesSettings",
    "WebhookDestination",
    "WorklistSettings",
]
