from argon2 import extract_parameters
from argon2.low_level import Type

from service.access.secrets import hashed


def test_passwords_are_kept_as_rfc_9106_recommends_second() -> None:
    parameters = extract_parameters(hashed("correct horse battery", "ann"))

    assert parameters.type is Type.ID
    assert parameters.memory_cost >= 64 * 1024  # KiB
    assert parameters.time_cost >= 3
    assert parameters.salt_len >= 16
