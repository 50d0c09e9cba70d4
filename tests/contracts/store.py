"""What an instance store promises, wherever it keeps its bytes."""

import threading
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from itertools import groupby

import pytest

from service.dicom.header import read_dataset, read_header
from service.storage.store.port import File, InstanceStore
from tests.fakes.datasets import part10, us_dataset

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

    def test_open_reads_pieces_from_any_position(self, store: InstanceStore) -> None:
        store.put(KEY, b"0123456789")
        with store.open(KEY) as file:
            assert file.read(3) == b"012"
            file.seek(7)
            assert file.read() == b"789"
        with pytest.raises(KeyError):
            store.open("instances/1.2.3/other.dcm")

    def test_dicom_is_read_from_what_is_opened(self, store: InstanceStore) -> None:
        dataset = us_dataset(PixelData=bytes(700_000))
        store.put(KEY, part10(dataset))
        with store.open(KEY) as file:
            header = read_header(file)
        with store.open(KEY) as file:
            whole = read_dataset(file)
        assert header.SOPInstanceUID == whole.SOPInstanceUID == dataset.SOPInstanceUID
        assert "PixelData" not in header
        assert whole.PixelData == dataset.PixelData

    def test_keys_are_sorted_and_begin_with_the_prefix(self, store: InstanceStore) -> None:
        for key in ("b/2", "a/2", "a/10", "a/1", "ab/1"):
            store.put(key, b"x")
        assert store.keys("a/") == ["a/1", "a/10", "a/2"]
        assert store.keys("a/1") == ["a/1", "a/10"]
        assert store.keys("a") == ["a/1", "a/10", "a/2", "ab/1"]
        assert store.keys("c/") == []
        assert len(store.keys("")) == 5

    def test_walk_tells_every_file_folder_after_folder_with_size_and_time(self, store: InstanceStore) -> None:
        began = datetime.now(UTC)
        sizes = {f"a/{study}/{number}": number for study in (1, 12, 2) for number in range(3)}
        for key, size in {**sizes, "b/1/1": 5}.items():
            store.put(key, bytes(size))
        found = list(store.walk("a/"))
        assert {one.key: one.size_bytes for one in found} == sizes
        folders = [key for key, _ in groupby(found, key=lambda one: one.key.rpartition("/")[0])]
        assert sorted(folders) == ["a/1", "a/12", "a/2"]
        assert all(abs(one.written_at - began) < timedelta(minutes=1) for one in found)
        assert [one.key for one in store.walk("a/1/")] == ["a/1/0", "a/1/1", "a/1/2"]
        assert list(store.walk("c/")) == []

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
        with pytest.raises(ValueError, match="cannot begin a key"):
            list(store.walk(prefix))

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

    def test_upload_is_seen_when_it_is_committed_and_not_before(self, store: InstanceStore) -> None:
        with store.begin() as upload:
            upload.write(b"first, ")
            upload.write(memoryview(b"second"))
            assert store.keys("") == []
            upload.commit(KEY)
        assert store.get(KEY) == b"first, second"

    def test_upload_owns_its_bytes(self, store: InstanceStore) -> None:
        buffer = bytearray(b"first")
        with store.begin() as upload:
            upload.write(memoryview(buffer))
            buffer[:] = b"other"
            upload.commit(KEY)
        assert store.get(KEY) == b"first"

    def test_files_are_kept_together(self, store: InstanceStore) -> None:
        store.put("a/two", b"old")
        files = [("a/one", (b"he", memoryview(b"ad"))), ("b/two", (b"",)), ("a/two", (b"new",))]
        store.put_all(iter(files))
        store.put_all([])
        assert store.keys("") == ["a/one", "a/two", "b/two"]
        assert [store.get(key) for key in store.keys("")] == [b"head", b"new", b""]

    def test_of_files_that_cannot_be_told_to_the_end_none_is_half(self, store: InstanceStore) -> None:
        def files() -> Iterator[File]:
            yield "a/one", (b"one",)
            raise LookupError

        with pytest.raises(LookupError):
            store.put_all(files())
        assert store.keys("") in ([], ["a/one"])

    @pytest.mark.parametrize("key", BAD_KEYS)
    def test_files_are_not_kept_under_a_bad_key(self, store: InstanceStore, key: str) -> None:
        with pytest.raises(ValueError, match="is not a key"):
            store.put_all([(key, (b"x",))])
        assert store.keys("") == []

    def test_upload_that_is_aborted_or_left_leaves_nothing(self, store: InstanceStore) -> None:
        store.put(KEY, b"old")
        with store.begin() as left:
            left.write(b"new")
        aborted = store.begin()
        aborted.write(b"new")
        aborted.abort()
        aborted.abort()
        assert (store.keys(""), store.get(KEY)) == ([KEY], b"old")

    def test_uploads_go_on_side_by_side(self, store: InstanceStore) -> None:
        with store.begin() as one, store.begin() as two:
            for piece in (b"a", b"b", b"c"):
                one.write(piece)
                two.write(piece.upper())
            two.commit("a/two")
            one.commit("a/one")
        assert (store.get("a/one"), store.get("a/two")) == (b"abc", b"ABC")

    def test_upload_that_has_ended_takes_nothing_more(self, store: InstanceStore) -> None:
        committed, aborted = store.begin(), store.begin()
        committed.commit(KEY)
        aborted.abort()
        for upload in (committed, aborted):
            with pytest.raises(ValueError, match="has ended"):
                upload.commit(KEY)
            with pytest.raises(ValueError, match="has ended"):
                upload.write(b"x")
        committed.abort()
        assert store.get(KEY) == b""

    @pytest.mark.parametrize("key", BAD_KEYS)
    def test_upload_is_not_committed_under_a_bad_key(self, store: InstanceStore, key: str) -> None:
        with pytest.raises(ValueError, match="is not a key"), store.begin() as upload:
            upload.commit(key)
        assert store.keys("") == []

    def test_move_gives_the_bytes_another_key(self, store: InstanceStore) -> None:
        store.put(KEY, b"bytes")
        store.move(KEY, "quarantine/1.dcm")
        assert store.keys("") == ["quarantine/1.dcm"]
        assert store.get("quarantine/1.dcm") == b"bytes"
        with pytest.raises(KeyError):
            store.move(KEY, "quarantine/2.dcm")
        with pytest.raises(ValueError, match="is not a key"):
            store.move("quarantine/1.dcm", "../x")

    def test_moving_onto_itself_loses_nothing(self, store: InstanceStore) -> None:
        store.put(KEY, b"bytes")
        store.move(KEY, KEY)
        assert (store.keys(""), store.get(KEY)) == ([KEY], b"bytes")
        with pytest.raises(KeyError):
            store.move("quarantine/1.dcm", "quarantine/1.dcm")

    def test_move_replaces_what_was_there(self, store: InstanceStore) -> None:
        store.put(KEY, b"bytes")
        store.put("quarantine/1.dcm", b"other")
        store.move(KEY, "quarantine/1.dcm")
        assert (store.keys(""), store.get("quarantine/1.dcm")) == (["quarantine/1.dcm"], b"bytes")
