"""What an instance store promises, wherever it keeps its bytes."""

import threading

import pytest

from service.storage.port import InstanceStore

KEY = "instances/1.2.3/4.5.6-00ff.dcm"
BAD_KEYS = ["", "/etc/passwd", "../x", "a/../b", "a//b", "a/", ".hidden", "a/.b", "a\\b", "a b", "a\0b", "ä"]


class StoreContract:
    """Subclass with a fixture `store` that is an empty store."""

    def test_get_returns_what_was_put(self, store: InstanceStore) -> None:
        store.put(KEY, b"bytes\0\xff")
        assert store.get(KEY) == b"bytes\0\xff"
        assert store.exists(KEY)

    def test_put_replaces_what_was_there(self, store: InstanceStore) -> None:
        store.put(KEY, b"a longer first value")
        store.put(KEY, b"second")
        assert store.get(KEY) == b"second"
        assert store.keys("") == [KEY]

    def test_empty_value_is_kept(self, store: InstanceStore) -> None:
        store.put(KEY, b"")
        assert store.get(KEY) == b""

    def test_get_of_an_unknown_key_is_a_key_error(self, store: InstanceStore) -> None:
        store.put(KEY, b"x")
        for unknown in ("instances/1.2.3/other.dcm", "instances/1.2.3", f"{KEY}/below"):
            assert not store.exists(unknown)
            with pytest.raises(KeyError):
                store.get(unknown)

    def test_keys_are_sorted_and_begin_with_the_prefix(self, store: InstanceStore) -> None:
        for key in ("b/2", "a/2", "a/10", "a/1", "ab/1"):
            store.put(key, b"x")
        assert store.keys("a/") == ["a/1", "a/10", "a/2"]
        assert store.keys("a/1") == ["a/1", "a/10"]
        assert store.keys("a") == ["a/1", "a/10", "a/2", "ab/1"]
        assert store.keys("c/") == []
        assert len(store.keys("")) == 5

    def test_deleted_key_is_gone_and_deleting_it_again_does_nothing(self, store: InstanceStore) -> None:
        store.put(KEY, b"x")
        store.delete(KEY)
        store.delete(KEY)
        assert not store.exists(KEY)
        assert store.keys("") == []

    @pytest.mark.parametrize("key", BAD_KEYS)
    def test_key_that_could_leave_the_store_is_refused(self, store: InstanceStore, key: str) -> None:
        with pytest.raises(ValueError, match="is not a key"):
            store.put(key, b"x")
        with pytest.raises(ValueError, match="is not a key"):
            store.get(key)
        with pytest.raises(ValueError, match="is not a key"):
            store.delete(key)

    @pytest.mark.parametrize("prefix", ["../", "/", "a/../", ".incoming/"])
    def test_prefix_that_could_leave_the_store_is_refused(self, store: InstanceStore, prefix: str) -> None:
        with pytest.raises(ValueError, match="cannot begin a key"):
            store.keys(prefix)

    def test_free_space_is_told(self, store: InstanceStore) -> None:
        assert store.free_bytes() > 0

    def test_threads_that_write_one_key_leave_one_whole_value(self, store: InstanceStore) -> None:
        values = [bytes([number]) * 50_000 for number in range(4)]
        threads = [threading.Thread(target=store.put, args=(KEY, value)) for value in values]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert store.get(KEY) in values
