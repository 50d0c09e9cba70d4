import random
from collections import Counter
from statistics import mean, variance

from service.cli.simulate.plan import arrivals_s, planned
from service.cli.simulate.scenario import load_scenario
from tests.unit.cli.simulate.builders import scanner, scenario

QUIET_NIGHT = tuple(0.0 if hour < 6 else 20.0 for hour in range(24))


def test_same_seed_gives_the_same_day_and_another_seed_another_one() -> None:
    day = load_scenario()
    assert planned(day, "a") == planned(day, "a")
    assert planned(day, "a") != planned(day, "b")


def test_arrivals_follow_the_hours_of_the_day() -> None:
    rng = random.Random(1)
    by_hour: Counter[int] = Counter()
    for _ in range(50):
        by_hour.update(int(at_s // 3600) for at_s in arrivals_s(rng, QUIET_NIGHT, 0, 24))
    assert not [hour for hour in by_hour if hour < 6]
    assert all(17 < by_hour[hour] / 50 < 23 for hour in range(6, 24))


def test_day_begins_at_the_hour_that_is_asked_for() -> None:
    found = list(arrivals_s(random.Random(1), QUIET_NIGHT, 5, 2))
    assert found
    assert min(found) >= 3600


def test_counts_are_those_of_a_poisson_process() -> None:
    rng = random.Random(2)
    counts = [len(list(arrivals_s(rng, (30.0,) * 24, 0, 1))) for _ in range(2000)]
    assert abs(mean(counts) - 30) < 0.5
    assert abs(variance(counts) - 30) < 3


def test_night_without_studies_is_empty() -> None:
    assert planned(scenario(scanner(studies_by_hour=(0.0,) * 24)), "1") == []


def test_shares_of_misbehaviour_and_urgency_are_as_asked() -> None:
    busy = scenario(scanner(urgent=0.2, misbehaviour={"abort": 0.1, "late": 0.3}), hours=1)
    plan = planned(busy, "1")
    wrong = Counter(one.misbehaviour for one in plan)
    assert abs(wrong["abort"] / len(plan) - 0.1) < 0.02
    assert abs(wrong["late"] / len(plan) - 0.3) < 0.03
    assert abs(sum(one.urgent for one in plan) / len(plan) - 0.2) < 0.03


def test_burst_brings_its_studies_at_one_time() -> None:
    plan = planned(scenario(scanner(bursts={"share": 1.0, "studies": 7}), hours=0.01), "1")
    assert set(Counter(one.at_s for one in plan).values()) == {7}


def test_further_scanner_leaves_the_day_of_the_others_as_it_is() -> None:
    alone = planned(scenario(scanner()), "1")
    together = planned(scenario(scanner(), scanner(name="other", ae_title="SIM-2")), "1")
    assert [one.at_s for one in together if one.station.kind.name == "us"] == [one.at_s for one in alone]


def test_each_of_several_scanners_has_an_ae_title_that_is_one() -> None:
    plan = planned(scenario(scanner(count=12, ae_title="SIM-ULTRASOUND-1")), "1")
    titles = {one.station.ae_title for one in plan}
    assert len(titles) == 12
    assert max(map(len, titles)) == 16
