from argon2 import extract_parameters
from argon2.low_level import Type

from service.access.secrets import hashed, is_right


def test_passwords_are_kept_as_rfc_9106_recommends_second() -> None:
    parameters = extract_parameters(hashed("correct horse battery", "ann"))

    assert parameters.type is Type.ID
    assert parameters.memory_cost >= 64 * 1024  # KiB
    assert parameters.time_cost >= 3
    assert parameters.salt_len >= 16


def test_only_the_password_itself_is_right() -> None:
    kept = hashed("correct horse battery", "ann")

    assert is_right("correct horse battery", kept)
    assert not is_right("correct horse batterY", kept)
    assert not is_right("correct horse battery", None)
    assert not is_right("correct horse battery", "what is no hash")
