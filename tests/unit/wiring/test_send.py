import pytest

from service.config import Settings
from service.wiring.send import delivery_policy

DAY_S = 86_400


@pytest.mark.parametrize(
    ("delays_s", "days"), [((5.0, 30.0, 120.0, 600.0, 1800.0), 7.0), ((60.0,), 1.0), ((1800.0, 60.0), 0.001)]
)
def test_results_wait_for_a_destination_for_the_days_that_are_set(
    delays_s: tuple[float, ...], days: float
) -> None:
    settings = Settings.model_validate(
        {"broker": {"retry_delays_s": delays_s}, "send": {"keep_trying_days": days}}
    )
    policy = delivery_policy(settings)
    waited_s = sum(policy.delay_s(attempt) for attempt in range(1, policy.delivery_limit))
    assert 0 <= waited_s - days * DAY_S <= max(delays_s)
