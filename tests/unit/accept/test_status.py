import pytest

from service import errors
from service.accept.instance.status import StoreStatus, status_of


@pytest.mark.parametrize(
    ("error", "status"),
    [
        (errors.OutOfSpace, 0xA700),
        (errors.StoreUnavailable, 0xA700),
        (errors.LedgerUnavailable, 0xA700),
        (errors.TooLarge, 0xA700),
        (errors.UIDMismatch, 0xA900),
        (errors.NotDicom, 0xC000),
        (errors.MissingAttribute, 0xC000),
        (errors.UnsafeUID, 0xC000),
        (errors.ConflictingInstance, 0x0111),
        (errors.InvalidMessage, 0x0110),
    ],
)
def test_each_error_has_its_status(error: type[errors.PrereadError], status: int) -> None:
    assert status_of(error("why")) == status


def test_no_error_is_answered_with_success() -> None:
    kinds = [kind for kind in vars(errors).values() if isinstance(kind, type)]
    assert StoreStatus.SUCCESS not in {status_of(kind("why")) for kind in kinds}
