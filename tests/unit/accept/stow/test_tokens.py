from pathlib import Path

import pytest

from service.accept.stow.tokens import Tokens
from service.errors import ConfigurationError

LONG = "0123456789abcdef"


def tokens(folder: Path, text: str) -> Tokens:
    path = folder / "tokens"
    path.write_text(text, "utf-8")
    return Tokens(path)


def test_token_tells_the_name(tmp_path: Path) -> None:
    known = tokens(tmp_path, f"# who may store\n\nROOM_1 {LONG}1\n  ROOM_2\t{LONG}2\nROOM_1 {LONG}3\n")
    found = [known.name_of(f"Bearer {LONG}{number}") for number in (1, 2, 3, 4)]
    assert found == ["ROOM_1", "ROOM_2", "ROOM_1", None]


@pytest.mark.parametrize(
    "header", ["", "Bearer", "Bearer ", f"Basic {LONG}", LONG, f"Bearer {LONG}x", "Bearer ä"]
)
def test_other_headers_are_nobodys(tmp_path: Path, header: str) -> None:
    assert tokens(tmp_path, f"ROOM_1 {LONG}").name_of(header) is None


def test_scheme_is_the_same_in_any_case(tmp_path: Path) -> None:
    assert tokens(tmp_path, f"ROOM_1 {LONG}").name_of(f"bearer {LONG}") == "ROOM_1"


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("# nobody\n", "has no token"),
        (f"{LONG}\n", "line 1: write NAME TOKEN"),
        (f"ROOM_1 {LONG}\nA_NAME_OF_17_CHARS {LONG}\n", "line 2: write NAME TOKEN"),
        ("ROOM_1 short\n", "less than 16"),
        (f"RÖÖM {LONG}\n", "in ASCII"),
    ],
)
def test_file_that_cannot_be_used_is_named_with_the_reason(tmp_path: Path, text: str, why: str) -> None:
    with pytest.raises(ConfigurationError, match=why) as raised:
        tokens(tmp_path, text)
    assert LONG not in str(raised.value)


def test_missing_file_is_an_error_of_the_configuration(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="cannot be read"):
        Tokens(tmp_path / "missing")
