"""What arrives is held in memory within a budget, and streams into the store beyond it."""

import pytest

from service.accept.instance import receiver as store_instance
from service.accept.instance.memory_budget import MemoryBudget
from service.accept.instance.request import StoreRequest
from tests.fakes.datasets import EXPLICIT_VR_LE, US_IMAGE, encoded, us_dataset
from tests.unit.accept.doubles import Desk


def test_a_budget_gives_what_is_left() -> None:
    budget = MemoryBudget(100)
    assert [budget.take(60), budget.take(60), budget.take(40)] == [True, False, True]
    budget.give_back(60)
    assert budget.take(60)


def test_beyond_the_budget_datasets_stream_into_the_store(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(store_instance, "HELD_BYTES", 50_000)
    desk = Desk()
    datasets = [us_dataset(PixelData=bytes(20_000)) for _ in range(4)]
    arrivals = [
        desk.receiver.begin(StoreRequest(US_IMAGE, ds.SOPInstanceUID, EXPLICIT_VR_LE, "SCANNER"))
        for ds in datasets
    ]
    for arrival, dataset in zip(arrivals, datasets, strict=True):
        arrival.write(encoded(dataset))
    assert [arrival.content() is not None for arrival in arrivals] == [True, True, False, False]

    assert [desk.receiver.finish(arrival) for arrival in arrivals[:3]] == [0, 0, 0]
    arrivals[3].abort()

    again = desk.receiver.begin(StoreRequest(US_IMAGE, "1.2.3", EXPLICIT_VR_LE, "SCANNER"))
    again.write(bytes(50_000))
    assert again.content() is not None
    assert len(desk.ledger.instances) == 3
