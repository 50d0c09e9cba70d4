"""When one series is complete: what the classifiers of rules with `level = "series"` wait for."""

from service.config.types import Seconds, Section


class SeriesCompleteness(Section):
    """When one series counts as complete while others still come, for routing rules with `level = "series"`.

    Where the image that came last has Number of Series Related Instances (0020,1209), that alone decides.
    """

    quiet_period_s: Seconds = 20.0
    """Seconds without a new image of the series. An image that comes later is read with the whole study, and
    makes a second report."""
    association_released: bool = False
    """Whether the series is complete, too, when an association that brought images of the study was released
    after the last image of the series. Not for senders that make an association for each image."""
