from collections import Counter

from service.enqueue.fairness import Turns


def first_choices(queues: list[str], deliveries: int) -> list[str]:
    turns = Turns(queues)
    choices = []
    for _ in range(deliveries):
        choices.append(turns.order()[0])
        turns.taken()
    return choices


def test_every_fifth_delivery_goes_to_the_other_queue_first() -> None:
    assert first_choices(["urgent", "routine"], 10) == [
        *4 * ["urgent"],
        "routine",
        *4 * ["urgent"],
        "routine",
    ]


def test_all_later_queues_share_the_fifth_deliveries() -> None:
    assert Counter(first_choices(["a", "b", "c", "d"], 60)) == {"a": 48, "b": 4, "c": 4, "d": 4}


def test_looking_without_taking_does_not_use_up_a_turn() -> None:
    turns = Turns(["a", "b"])
    assert [turns.order()[0] for _ in range(7)] == 7 * ["a"]


def test_every_order_holds_every_queue() -> None:
    turns = Turns(["a", "b", "c"])
    for _ in range(20):
        assert sorted(turns.order()) == ["a", "b", "c"]
        turns.taken()


def test_single_queue_is_always_first() -> None:
    assert first_choices(["a"], 6) == 6 * ["a"]
