from typing import Any

import pytest

from service.accept.admission import Admission, Caller, Rejection
from service.config import AcceptSettings
from service.errors import ConfigurationError

CALLER = Caller(calling_ae_title="SCANNER", called_ae_title="PREREAD", host="10.1.0.7")


def decide(caller: Caller = CALLER, open_associations: int = 0, **settings: Any) -> Rejection | None:
    return Admission(AcceptSettings(**settings)).decide(caller, open_associations)


def test_anyone_who_calls_us_by_name_may_associate_by_default() -> None:
    assert decide() is None


def test_other_called_ae_title_is_rejected_unless_the_check_is_off() -> None:
    caller = Caller("SCANNER", "OTHER", "10.1.0.7")
    assert decide(caller) is Rejection.CALLED_AE_TITLE
    assert decide(caller, require_called_ae_title=False) is None


def test_calling_ae_title_must_be_in_the_list_where_there_is_one() -> None:
    assert decide(allowed_calling_ae_titles=("SCANNER", "US1")) is None
    assert decide(allowed_calling_ae_titles=("US1",)) is Rejection.CALLING_AE_TITLE


@pytest.mark.parametrize(
    ("allowed", "host", "rejection"),
    [
        ("10.1.0.7", "10.1.0.7", None),
        ("10.1.0.0/16", "10.1.200.1", None),
        ("10.1.0.9/16", "10.1.200.1", None),
        ("10.1.0.0/16", "10.2.0.1", Rejection.HOST),
        ("10.1.0.0/16", "::ffff:10.1.0.7", None),
        ("fe80::/10", "fe80::1%eth0", None),
        ("10.1.0.0/16", "::1", Rejection.HOST),
    ],
)
def test_host_must_be_in_an_allowed_network(allowed: str, host: str, rejection: Rejection | None) -> None:
    assert decide(Caller("SCANNER", "PREREAD", host), allowed_hosts=(allowed,)) is rejection


def test_one_association_more_than_allowed_is_rejected_as_transient() -> None:
    assert decide(open_associations=1, max_associations=2) is None
    rejection = decide(open_associations=2, max_associations=2)
    assert rejection is Rejection.TOO_MANY
    assert rejection.value.result == 2


def test_allowed_host_that_is_no_address_is_a_configuration_error() -> None:
    with pytest.raises(ConfigurationError, match="'scanner-1', which is neither"):
        decide(allowed_hosts=("scanner-1",))
