import errno
import os
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from blake3 import blake3
from hypothesis import given, settings
from hypothesis import strategies as st

from service.errors import ConfigurationError, StoreUnavailable
from service.storage.journal.journal import Journal, Record
from service.storage.journal.record import PAGE_BYTES

SEGMENT_BYTES = 16 * PAGE_BYTES


@pytest.fixture
def journal(tmp_path: Path) -> Iterator[Journal]:
    journal = opened(tmp_path)
    yield journal
    journal.close()


def opened(folder: Path, ready: int = 2) -> Journal:
    return Journal(folder / "journal", ready, SEGMENT_BYTES)


def entry_of(record: Record) -> bytes:
    return bytes(record.read()[0])


def segments(folder: Path) -> list[Path]:
    return sorted((folder / "journal").glob("*.segment"))


def crashed(journal: Journal) -> None:
    """Leave the journal as a killed process does: the system closes its files, and nothing else happens."""
    for segment in [*journal._free, *journal._uses]:
        os.close(segment._descriptor)
    os.close(journal._lock_file)


def test_entry_and_content_are_read_back(journal: Journal) -> None:
    content = bytearray(b"dataset")
    for digest in (None, blake3(content).digest()):
        record = journal.append(b"entry", content, digest)
        assert [bytes(part) for part in record.read()] == [b"entry", b"dataset"]


def test_a_record_that_does_not_have_the_digest_it_was_given_is_not_read(journal: Journal) -> None:
    record = journal.append(b"entry", b"dataset", blake3(b"another dataset").digest())
    with pytest.raises(KeyError):
        record.read()


def test_what_was_appended_and_not_done_is_there_after_a_crash_in_order(tmp_path: Path) -> None:
    journal = opened(tmp_path)
    entries = [journal.append(b"record %d" % number) for number in range(40)]
    crashed(journal)

    again = opened(tmp_path)

    assert [entry_of(entry) for entry in again.left_over] == [b"record %d" % number for number in range(40)]
    assert len(entries) == 40
    again.close()


def test_a_segment_whose_records_are_all_done_is_used_again(tmp_path: Path) -> None:
    journal = opened(tmp_path)
    for number in range(200):
        journal.done(journal.append(b"%d" % number))
    assert len(segments(tmp_path)) <= 2
    journal.close()
    assert opened(tmp_path).left_over == []


def test_records_of_a_files_earlier_use_do_not_come_back(tmp_path: Path) -> None:
    journal = opened(tmp_path, ready=1)
    old = [journal.append(b"old") for _ in range(15)]
    for entry in old:
        journal.done(entry)
    fresh = [journal.append(b"new") for _ in range(3)]
    crashed(journal)

    again = opened(tmp_path, ready=1)

    assert {entry_of(entry) for entry in again.left_over} <= {b"new", b"old"}
    assert sum(entry_of(entry) == b"new" for entry in again.left_over) == len(fresh)
    again.close()


def test_more_segments_are_made_while_nothing_is_done_and_removed_afterwards(tmp_path: Path) -> None:
    journal = opened(tmp_path)
    entries = [journal.append(bytes(3 * PAGE_BYTES)) for _ in range(40)]
    assert len(segments(tmp_path)) > 5
    for entry in entries:
        journal.done(entry)
    assert len(segments(tmp_path)) <= 2
    journal.close()


def test_prepare_makes_segments_until_enough_are_ready(tmp_path: Path) -> None:
    journal = opened(tmp_path, ready=3)
    assert [journal.prepare() for _ in range(5)] == [True, True, True, False, False]
    assert len(segments(tmp_path)) == 3
    journal.close()


def test_a_record_that_does_not_fit_is_refused(journal: Journal) -> None:
    with pytest.raises(ValueError, match="does not fit"):
        journal.append(bytes(SEGMENT_BYTES))


def test_a_second_process_is_told_to_take_another_folder(tmp_path: Path, journal: Journal) -> None:
    with pytest.raises(ConfigurationError, match="journal_folder"):
        opened(tmp_path)
    assert entry_of(journal.append(b"still works")) == b"still works"


def test_threads_that_append_at_once_each_find_their_record(journal: Journal) -> None:
    found: dict[int, bytes] = {}

    def work(number: int) -> None:
        for turn in range(20):
            entry = journal.append(b"%d-%d" % (number, turn))
            found[number * 100 + turn] = entry_of(entry)
            journal.done(entry)

    threads = [threading.Thread(target=work, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert found == {
        number * 100 + turn: b"%d-%d" % (number, turn) for number in range(8) for turn in range(20)
    }


def test_threads_that_wait_share_a_flush(journal: Journal, monkeypatch: pytest.MonkeyPatch) -> None:
    journal.append(b"the segment is there")
    started, go_on, flushes = threading.Event(), threading.Event(), []
    flush = os.fdatasync

    def slow(descriptor: int) -> None:
        flushes.append(descriptor)
        started.set()
        go_on.wait(20)
        flush(descriptor)

    monkeypatch.setattr(os, "fdatasync", slow)
    threads = [threading.Thread(target=journal.append, args=(b"%d" % number,)) for number in range(9)]
    threads[0].start()
    started.wait(20)
    for thread in threads[1:]:
        thread.start()
    while journal._active is None or journal._active.written < 10 * PAGE_BYTES:
        pass
    go_on.set()
    for thread in threads:
        thread.join()

    assert len(flushes) == 2


def test_after_a_flush_that_failed_the_segment_is_not_written_again(
    journal: Journal, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    kept = journal.append(b"kept")

    def fail(descriptor: int) -> None:
        raise OSError(errno.EIO, "Input/output error")

    with monkeypatch.context() as patch:
        patch.setattr(os, "fdatasync", fail)
        with pytest.raises(StoreUnavailable, match="journal"):
            journal.append(b"lost")

    after = journal.append(b"after")
    assert (entry_of(kept), entry_of(after)) == (b"kept", b"after")
    assert after.segment is not kept.segment


def four_records(folder: Path) -> tuple[list[bytes], Path]:
    """A crashed journal with records of two pages each in one segment."""
    journal = opened(folder)
    records = [b"%d" % number + bytes(PAGE_BYTES) for number in range(4)]
    for record in records:
        journal.append(record)
    crashed(journal)
    (path,) = segments(folder)
    return records, path


@settings(max_examples=40, deadline=None)
@given(cut=st.integers(min_value=0, max_value=8 * PAGE_BYTES - 1))
def test_a_torn_write_costs_no_record_before_it(tmp_path_factory: pytest.TempPathFactory, cut: int) -> None:
    folder = tmp_path_factory.mktemp("torn")
    records, path = four_records(folder)
    data = path.read_bytes()
    path.write_bytes(data[:cut] + bytes(len(data) - cut))

    again = opened(folder)
    found = [entry_of(entry) for entry in again.left_over]

    assert found == records[: len(found)]
    assert len(found) >= cut // (2 * PAGE_BYTES)
    assert again.damaged == []
    again.close()


@settings(max_examples=40, deadline=None)
@given(at=st.integers(min_value=0, max_value=6 * PAGE_BYTES - 1))
def test_a_damaged_record_costs_no_other_and_its_file_is_kept(
    tmp_path_factory: pytest.TempPathFactory, at: int
) -> None:
    folder = tmp_path_factory.mktemp("damaged")
    records, path = four_records(folder)
    data = bytearray(path.read_bytes())
    data[at] ^= 0xFF
    path.write_bytes(data)

    again = opened(folder)
    found = [entry_of(entry) for entry in again.left_over]
    for entry in again.left_over:
        again.done(entry)
    again.close()

    lost = [record for record in records if record not in found]
    assert len(lost) <= 1
    assert again.damaged == [path] * len(lost)
    assert path.exists()
    assert not lost or path.read_bytes() == bytes(data)
