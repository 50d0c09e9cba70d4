"""Whether one series is complete: facts in, finding out, nothing else."""

from datetime import datetime, timedelta

from service.assemble.conditions import counted
from service.assemble.facts import SeriesFacts
from service.assemble.finding import Finding
from service.config import SeriesCompleteness


def series_finding(settings: SeriesCompleteness, series: SeriesFacts, now: datetime) -> Finding:
    """Whether the series is complete at the moment `now`. A number that was announced alone decides."""
    if series.announced_count is not None:
        return counted(series.count, series.announced_count, "announced for the series")
    if settings.association_released and series.is_released:
        return Finding(True, "the association was released after the last image of the series")
    quiet = f"{settings.quiet_period_s:g} s"
    if now >= series.unchanged_since + timedelta(seconds=settings.quiet_period_s):
        images = "1 image" if series.count == 1 else f"{series.count} images"
        return Finding(True, f"{images}, none new in the series for {quiet}")
    return Finding(False, f"waiting: the series is complete when no image of it has come for {quiet}")
