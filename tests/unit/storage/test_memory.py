import pytest

from service.errors import OutOfSpace
from service.storage.store.memory import MemoryStore
from tests.contracts.store import StoreContract


class TestMemoryStore(StoreContract):
    @pytest.fixture
    def store(self) -> MemoryStore:
        return MemoryStore()


def test_value_beyond_the_capacity_is_refused_and_the_old_one_is_kept() -> None:
    store = MemoryStore(capacity_bytes=10)
    store.put("a", b"12345678")
    with pytest.raises(OutOfSpace):
        store.put("b", b"123")
    store.put("a", b"1234567890")
    assert (store.get("a"), store.free_bytes()) == (b"1234567890", 0)
