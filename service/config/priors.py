"""The settings of priors: earlier studies of a patient, fetched for classifiers that compare."""

from typing import Annotated

from pydantic import Field, StringConstraints

from service.config.types import Name, Seconds, Section

Modality = Annotated[str, StringConstraints(pattern=r"^[A-Z0-9_]{1,16}$")]


class RulePriors(Section):
    """Priors that are fetched before a study is analysed."""

    count: Annotated[int, Field(ge=1, le=20)] = 2
    """Most studies to fetch, the newest first."""
    years: Annotated[int, Field(ge=1, le=100)] = 5
    """How long before the study they may be."""
    modalities: tuple[Modality, ...] = ()
    """Modalities of which a prior must have images. Empty: any."""


class PriorSettings(Section):
    """Fetching priors by itself, where a rule or a classifier's manifest asks for them."""

    source: Name | None = None
    """Source that they are fetched from. Empty: the first one."""
    timeout_s: Seconds = 120.0
    """Seconds that a complete study waits for its priors. Then it is analysed without those that are missing,
    and its history says why."""
    analyse: bool = False
    """Whether studies that were fetched as priors are routed and analysed like any other. Off: they are kept
    in the state `prior`, and nothing is sent; `preread retry` analyses a single one."""
