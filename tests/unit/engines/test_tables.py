from dataclasses import dataclass

import pytest

from engines.tables import TableError, from_table


@dataclass(frozen=True)
class Inner:
    x: float


@dataclass(frozen=True)
class Outer:
    name: str
    inner: tuple[Inner, ...]
    pair: tuple[int, int] = (0, 0)
    perhaps: float | None = None


def test_a_table_becomes_its_dataclass() -> None:
    table = {"name": "n", "inner": [{"x": 1}, {"x": 2.5}], "pair": [3, 4], "perhaps": 1}
    assert from_table(Outer, table, "top") == Outer("n", (Inner(1.0), Inner(2.5)), (3, 4), 1.0)


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"name": 1}, "top.name: expected str, got 1"),
        ({"inner": {"x": 1}}, "top.inner: expected a list"),
        ({"inner": [1]}, r"top.inner\[0\]: expected a table"),
        ({"inner": [{"y": 1}]}, r"top.inner\[0\]: unknown key 'y'; allowed: x"),
        ({"pair": [1]}, "top.pair: expected 2 values, got 1"),
        ({"pair": [1, True]}, r"top.pair\[1\]: expected int, got True"),
        ({"perhaps": "much"}, "top.perhaps: expected float"),
    ],
)
def test_what_does_not_fit_is_named(changed: dict[str, object], message: str) -> None:
    with pytest.raises(TableError, match=message):
        from_table(Outer, {"name": "n", "inner": []} | changed, "top")
