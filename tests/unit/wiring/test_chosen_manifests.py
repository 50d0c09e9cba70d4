import pytest

from service.config import Settings
from service.errors import ConfigurationError
from service.wiring.adapters import manifests

RULE = {"name": "us", "when": {"Modality": "US"}, "classifiers": ["us-mass"], "destinations": ["pacs"]}
PACS = {"name": "pacs", "host": "127.0.0.1", "port": 104, "ae_title": "PACS"}


def settings(**points: str) -> Settings:
    chosen = {name.replace("_", "-"): point for name, point in points.items()}
    return Settings.model_validate(
        {"rules": [RULE], "destinations": [PACS], "infer": {"operating_points": chosen}}
    )


def test_the_chosen_point_counts() -> None:
    usual = manifests(settings())["us-mass"].operating_point
    assert manifests(settings(us_mass=usual.name))["us-mass"].operating_point == usual


@pytest.mark.parametrize(
    ("points", "why"),
    [
        ({"us_mass": "strict"}, "'us-mass' has no operating point 'strict'; there are: "),
        (
            {"us_mas": "balanced"},
            "infer.operating_points names 'us-mas', which no rule runs; rules run: us-mass",
        ),
    ],
)
def test_a_point_that_is_not_there_is_told(points: dict[str, str], why: str) -> None:
    with pytest.raises(ConfigurationError, match=why):
        manifests(settings(**points))


def guarded(**limits: float) -> Settings:
    chosen = {name.replace("_", "-"): limit for name, limit in limits.items()}
    return Settings.model_validate(
        {"rules": [RULE], "destinations": [PACS], "infer": {"guard_limits": chosen}}
    )


def test_a_higher_limit_of_the_guard_counts() -> None:
    usual = manifests(guarded())["us-mass"]
    raised = manifests(guarded(us_mass=2.5))["us-mass"]
    assert usual.guard is not None and raised.guard is not None
    assert usual.guard.limit < raised.guard.limit == 2.5
    assert raised.checked_guard() == usual.checked_guard()


def test_a_limit_for_a_classifier_that_no_rule_runs_is_told() -> None:
    with pytest.raises(ConfigurationError, match=r"infer\.guard_limits names 'us-mas', which no rule runs"):
        manifests(guarded(us_mas=2.5))
