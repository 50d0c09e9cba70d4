from service.study.prior import PriorsWanted


def test_united_wishes_fulfil_each_of_them() -> None:
    united = PriorsWanted.united([PriorsWanted(1, 5, ("MG",)), PriorsWanted(3, 2, ("US", "MG"))])
    assert united == PriorsWanted(3, 5, ("MG", "US"))


def test_wish_for_any_modality_wins() -> None:
    united = PriorsWanted.united([PriorsWanted(1, 5, ("MG",)), PriorsWanted(1, 5)])
    assert united == PriorsWanted(1, 5)


def test_no_wish_is_none() -> None:
    assert PriorsWanted.united([]) is None
