"""A series that is complete while its study is still being received."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class CompleteSeries:
    """One complete series. `reason` tells a person by what."""

    series_instance_uid: str
    reason: str
