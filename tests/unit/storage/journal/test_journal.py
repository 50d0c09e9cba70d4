import errno
import os
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from service.errors import ConfigurationError, StoreUnavailable
from service.storage.journal.draft import ENTRY_BYTES, Draft, Record
from service.storage.journal.journal import Journal
from service.storage.journal.record import PAGE_BYTES

CONTENT_BYTES = 4 * PAGE_BYTES
SEGMENT_BYTES = 40 * PAGE_BYTES
RECORDS = 32
"""Records of one page in a segment; then there is no room for one of full length."""


@pytest.fixture
def journal(tmp_path: Path) -> Iterator[Journal]:
    journal = opened(tmp_path)
    yield journal
    journal.close()


def opened(folder: Path, ready: int = 2) -> Journal:
    return Journal(folder / "journal", ready, SEGMENT_BYTES, CONTENT_BYTES)


def begun(journal: Journal) -> Draft:
    draft = journal.begin()
    assert draft is not None
    return draft


def keep(journal: Journal, content: bytes, entry: bytes = b"entry") -> Record:
    draft = begun(journal)
    draft.write(content)
    return draft.commit(entry)


def keep_all(journal: Journal, pieces: list[bytes]) -> bytes:
    draft = begun(journal)
    draft.write(*pieces)
    return parts(draft.commit(b"entry"))[1]


def parts(record: Record) -> list[bytes]:
    return [bytes(part) for part in record.read()]


def entry_of(record: Record) -> bytes:
    return parts(record)[0]


def segments(folder: Path) -> list[Path]:
    return sorted((folder / "journal").glob("*.segment"))


def crashed(journal: Journal) -> None:
    """Leave the journal as a killed process does: the system closes its files, and nothing else happens."""
    for segment in [*journal._free, *journal._uses]:
        os.close(segment._descriptor)
    os.close(journal._lock_file)


def test_entry_and_content_are_read_back(journal: Journal) -> None:
    draft = begun(journal)
    for piece in (b"data", bytearray(b"se"), memoryview(b"t")):
        draft.write(piece)
    assert draft.content() == b"dataset"
    assert parts(draft.commit(b"entry")) == [b"entry", b"dataset"]
    assert parts(journal.append(b"alone")) == [b"alone", b""]


def test_a_record_whose_content_has_changed_on_the_disk_is_not_read(journal: Journal) -> None:
    record = keep(journal, b"dataset")
    path = record.segment.path
    path.write_bytes(path.read_bytes().replace(b"dataset", b"dataseu"))
    with pytest.raises(KeyError):
        record.read()


def test_drafts_are_written_side_by_side(tmp_path: Path) -> None:
    journal = opened(tmp_path, ready=3)
    drafts = [begun(journal) for _ in range(3)]
    for piece in range(4):
        for number, draft in enumerate(drafts):
            draft.write(b"%d%d" % (number, piece))
    records = [draft.commit(b"") for draft in drafts]
    assert [parts(record)[1] for record in records] == [b"%d0%d1%d2%d3" % (n, n, n, n) for n in range(3)]
    journal.close()


def test_while_no_segment_is_left_there_is_no_draft_and_entries_are_still_kept(journal: Journal) -> None:
    drafts = [begun(journal), begun(journal)]
    assert journal.begin() is None
    assert parts(journal.append(b"entry")) == [b"entry", b""]
    drafts[0].abort()
    assert journal.begin() is not None


def test_half_used_are_bytes_not_segments(tmp_path: Path) -> None:
    """Several senders begin a segment each: a burst of theirs must not be taken for a full journal."""
    journal = opened(tmp_path, ready=4)
    for draft in [begun(journal) for _ in range(3)]:
        draft.write(b"content")
        draft.commit(b"")
    assert not journal.is_half_used
    records = [keep(journal, bytes(CONTENT_BYTES)) for _ in range(2 * SEGMENT_BYTES // CONTENT_BYTES)]
    assert journal.is_half_used
    for record in records:
        journal.done(record)
    assert not journal.is_half_used
    journal.close()


def test_a_journal_without_a_segment_to_begin_is_half_used(journal: Journal) -> None:
    drafts = [begun(journal), begun(journal)]
    assert journal.is_half_used
    drafts[0].abort()
    assert not journal.is_half_used


def test_what_an_earlier_process_left_counts_as_used(tmp_path: Path) -> None:
    journal = opened(tmp_path)
    for _ in range(SEGMENT_BYTES // CONTENT_BYTES + 2):
        keep(journal, bytes(CONTENT_BYTES))
    crashed(journal)
    journal = opened(tmp_path)
    assert journal.is_half_used
    for record in journal.left_over:
        journal.done(record)
    assert not journal.is_half_used
    journal.close()


def test_pieces_come_in_order_however_many_the_system_takes_at_once(
    journal: Journal, monkeypatch: pytest.MonkeyPatch
) -> None:
    pieces = [bytes([number % 251]) * (number % 7) for number in range(3000)]
    assert keep_all(journal, pieces) == b"".join(pieces)  # more than one call takes
    pwritev = os.pwritev
    monkeypatch.setattr(os, "pwritev", lambda file, data, at: pwritev(file, [b"".join(data)[:777]], at))
    assert keep_all(journal, pieces) == b"".join(pieces)


def test_a_draft_that_is_aborted_leaves_its_place_to_the_next(journal: Journal) -> None:
    draft = begun(journal)
    draft.write(b"never mind")
    draft.abort()
    draft.abort()
    record = keep(journal, b"kept")
    assert (record.at, parts(record)[1]) == (0, b"kept")


def test_a_draft_knows_what_fits(journal: Journal) -> None:
    draft = begun(journal)
    draft.write(bytes(CONTENT_BYTES - 1))
    assert (draft.has_room(1), draft.has_room(2)) == (True, False)
    draft.abort()


def test_an_entry_that_is_too_long_is_refused(journal: Journal) -> None:
    with pytest.raises(ValueError, match="too long"):
        journal.append(bytes(ENTRY_BYTES + 1))
    assert journal.append(bytes(ENTRY_BYTES)).at == 0


def test_what_was_kept_and_not_done_is_there_after_a_crash_in_order(tmp_path: Path) -> None:
    journal = opened(tmp_path)
    for number in range(40):
        keep(journal, b"content %d" % number, b"record %d" % number)
    unfinished = begun(journal)
    unfinished.write(b"never acknowledged")
    crashed(journal)

    again = opened(tmp_path)

    assert [entry_of(record) for record in again.left_over] == [b"record %d" % n for n in range(40)]
    assert again.damaged == []
    again.close()


def test_records_written_side_by_side_come_back_in_the_order_of_their_commits(
    tmp_path: Path,
) -> None:
    journal = opened(tmp_path, ready=4)
    for turn in range(0, 12, 3):
        drafts = [begun(journal) for _ in range(3)]
        for number in (2, 0, 1):
            drafts[number].commit(b"%d" % (turn + (2, 0, 1).index(number)))
    crashed(journal)

    again = opened(tmp_path, ready=4)

    assert [entry_of(record) for record in again.left_over] == [b"%d" % number for number in range(12)]
    again.close()


def test_a_segment_whose_records_are_all_done_is_used_again(tmp_path: Path) -> None:
    journal = opened(tmp_path)
    for number in range(200):
        journal.done(keep(journal, b"%d" % number))
    assert len(segments(tmp_path)) <= 2
    journal.close()
    assert opened(tmp_path).left_over == []


def test_records_of_a_files_earlier_use_do_not_come_back(tmp_path: Path) -> None:
    journal = opened(tmp_path, ready=1)
    for record in [keep(journal, b"old", b"old") for _ in range(RECORDS)]:
        journal.done(record)
    fresh = [keep(journal, b"new", b"new") for _ in range(3)]
    crashed(journal)

    again = opened(tmp_path, ready=1)

    assert len(segments(tmp_path)) == 1
    assert [entry_of(record) for record in again.left_over] == [b"new"] * len(fresh)
    again.close()


def test_more_segments_are_made_while_nothing_is_done_and_removed_afterwards(tmp_path: Path) -> None:
    journal = opened(tmp_path)
    records = [journal.append(b"entry") for _ in range(5 * RECORDS)]
    assert len(segments(tmp_path)) == 5
    for record in records:
        journal.done(record)
    assert len(segments(tmp_path)) <= 2
    journal.close()


def test_prepare_makes_segments_until_enough_are_ready(tmp_path: Path) -> None:
    journal = opened(tmp_path, ready=3)
    assert [journal.prepare() for _ in range(5)] == [True, True, True, False, False]
    assert len(segments(tmp_path)) == 3
    journal.close()


def test_a_second_process_is_told_to_take_another_folder(tmp_path: Path, journal: Journal) -> None:
    with pytest.raises(ConfigurationError, match="journal_folder"):
        opened(tmp_path)
    assert entry_of(journal.append(b"still works")) == b"still works"


def test_threads_that_write_at_once_each_find_their_record(tmp_path: Path) -> None:
    journal = opened(tmp_path, ready=8)
    wrong: list[str] = []

    def work(number: int) -> None:
        for turn in range(20):
            content = b"%d-%d" % (number, turn)
            record = keep(journal, content) if turn % 2 else journal.append(content)
            if content not in parts(record):
                wrong.append(f"{number}-{turn}")
            journal.done(record)

    threads = [threading.Thread(target=work, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert wrong == []
    assert len(segments(tmp_path)) <= 8
    journal.close()


def test_after_a_flush_that_failed_the_segment_is_not_written_again(
    journal: Journal, monkeypatch: pytest.MonkeyPatch
) -> None:
    kept = keep(journal, b"kept", b"kept")

    def fail(descriptor: int) -> None:
        raise OSError(errno.EIO, "Input/output error")

    with monkeypatch.context() as patch:
        patch.setattr(os, "fdatasync", fail)
        with pytest.raises(StoreUnavailable, match="journal"):
            keep(journal, b"lost")

    after = keep(journal, b"after", b"after")
    assert (entry_of(kept), entry_of(after)) == (b"kept", b"after")
    assert after.segment is not kept.segment


def four_records(folder: Path) -> tuple[list[bytes], Path]:
    """A crashed journal with records of two pages each in one segment."""
    journal = opened(folder)
    contents = [b"%d" % number + bytes(PAGE_BYTES) for number in range(4)]
    for content in contents:
        keep(journal, content)
    crashed(journal)
    (path,) = segments(folder)
    return contents, path


@settings(max_examples=40, deadline=None)
@given(cut=st.integers(min_value=0, max_value=8 * PAGE_BYTES - 1))
def test_a_torn_write_costs_no_record_before_it(tmp_path_factory: pytest.TempPathFactory, cut: int) -> None:
    folder = tmp_path_factory.mktemp("torn")
    contents, path = four_records(folder)
    data = path.read_bytes()
    path.write_bytes(data[:cut] + bytes(len(data) - cut))

    again = opened(folder)
    found = [parts(record)[1] for record in again.left_over]

    assert found == contents[: len(found)]
    assert len(found) >= cut // (2 * PAGE_BYTES)
    assert again.damaged == []
    again.close()


@settings(max_examples=40, deadline=None)
@given(at=st.integers(min_value=0, max_value=6 * PAGE_BYTES - 1))
def test_a_damaged_record_costs_no_other_and_its_file_is_kept(
    tmp_path_factory: pytest.TempPathFactory, at: int
) -> None:
    folder = tmp_path_factory.mktemp("damaged")
    contents, path = four_records(folder)
    data = bytearray(path.read_bytes())
    data[at] ^= 0xFF
    path.write_bytes(data)

    again = opened(folder)
    found = [parts(record)[1] for record in again.left_over]
    for record in again.left_over:
        again.done(record)
    again.close()

    lost = [content for content in contents if content not in found]
    assert len(lost) <= 1
    assert again.damaged == [path] * len(lost)
    assert path.exists()
    assert not lost or path.read_bytes() == bytes(data)
