"""The configuration: one file (TOML or YAML) plus environment variables, checked as a whole at start."""

from service.config.accept import AcceptSettings
from service.config.assemble import AssembleSettings
from service.config.completeness import Completeness, ExpectedViews
from service.config.rules import Predicate, Rule
from service.config.sections import (
    BrokerSettings,
    Destination,
    InferSettings,
    LedgerSettings,
    ReportSettings,
    SendSettings,
    WorklistSettings,
)
from service.config.settings import Settings
from service.config.sources import DicomWebSource, DimseSource, Source

__all__ = [
    "AcceptSettings",
    "AssembleSettings",
    "BrokerSettings",
    "Completeness",
    "Destination",
    "DicomWebSource",
    "DimseSource",
    "ExpectedViews",
    "InferSettings",
    "LedgerSettings",
    "Predicate",
    "ReportSettings",
    "Rule",
    "SendSettings",
    "Settings",
    "Source",
    "WorklistSettings",
]
