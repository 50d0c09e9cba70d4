from typing import Any

import pytest

from service.assemble.facts import SeriesFacts
from service.assemble.series_finding import series_finding
from service.config import SeriesCompleteness
from tests.unit.assemble.builders import at

RELEASES = SeriesCompleteness(association_released=True)


def facts(**values: Any) -> SeriesFacts:
    defaults: dict[str, Any] = {"series_instance_uid": "1.2", "count": 3, "unchanged_since": at(0)}
    return SeriesFacts(**defaults | values)


@pytest.mark.parametrize(
    ("settings", "series", "seconds", "is_met", "text"),
    [
        (SeriesCompleteness(), facts(), 19.9, False, "no image of it has come for 20 s"),
        (SeriesCompleteness(), facts(), 20, True, "3 images, none new in the series for 20 s"),
        (SeriesCompleteness(), facts(count=1), 20, True, "1 image, none new"),
        (SeriesCompleteness(), facts(announced_count=3), 0, True, "all 3 images announced for the series"),
        (SeriesCompleteness(), facts(announced_count=4), 90, False, "3 of 4 images announced"),
        (RELEASES, facts(is_released=True), 0, True, "association was released"),
        (RELEASES, facts(is_released=True, announced_count=4), 0, False, "3 of 4 images announced"),
        (RELEASES, facts(), 19, False, "no image of it has come"),
        (SeriesCompleteness(), facts(is_released=True), 19, False, "no image of it has come"),
    ],
)
def test_series_is_complete_by_its_number_by_a_release_or_when_quiet(
    settings: SeriesCompleteness, series: SeriesFacts, seconds: float, is_met: bool, text: str
) -> None:
    found = series_finding(settings, series, at(seconds))
    assert found.is_met is is_met
    assert text in found.text
