import os
from datetime import timedelta
from pathlib import Path

import pytest

from service.errors import ConfigurationError, StoreUnavailable
from service.recover.rebuild import SOURCE, Rebuild
from service.storage.ledger.backup import back_up, database_file, restore
from service.storage.ledger.ledger import Ledger
from service.storage.ledger.steps.retry_study import retry_study
from service.storage.store.filesystem import FilesystemStore
from service.study.state import StudyState
from tests.unit.pipeline import US_TO_PACS, assemble, enqueue, messages, phantom
from tests.unit.recover.site import LONG_AGO, Site, images


def test_every_instance_is_entered_as_it_was_received(site: Site) -> None:
    uids = [site.receive(images(3)) for _ in range(3)]
    with site.ledger.read() as tx:
        before = {uid: tx.instances.of_study(uid) for uid in uids}
    site.lose_ledger()

    found = site.rebuild()

    assert (found.studies, found.analysed_again, found.instances_entered) == (3, 3, 9)
    for uid in uids:
        study = site.study(uid)
        assert (study.state, study.revision, study.instance_count) == (StudyState.RECEIVED, 1, 3)
        with site.ledger.read() as tx:
            after = {one.sop_instance_uid: one for one in tx.instances.of_study(uid)}
        for one in before[uid]:
            now = after[one.sop_instance_uid]
            assert abs(now.received_at - one.received_at) < timedelta(seconds=5)
            values = {name: getattr(one, name) for name in one.__dataclass_fields__ if name != "received_at"}
            assert {name: getattr(now, name) for name in values} == values


def test_result_that_was_sent_is_sent_again_as_the_same_objects_and_nothing_is_scored(site: Site) -> None:
    uid = site.receive(phantom())
    site.analyse(uid)
    sent, objects = site.waiting(uid), site.objects(uid)
    site.deliver(uid)
    site.lose_ledger()
    site.classifier.seen = 0

    site.rebuild()
    site.analyse(uid)

    assert site.classifier.seen == 0
    assert site.waiting(uid) == sent
    assert site.objects(uid) == objects
    study = site.study(uid)
    assert (study.state, study.revision) == (StudyState.REPORTED, 2)
    assert "earlier report of us-mass stands" in study.reason


def test_study_of_two_revisions_sends_its_last_report_and_writes_no_third(site: Site) -> None:
    first, second = phantom()
    uid = site.receive([second])
    site.analyse(uid)
    site.receive([first])
    site.analyse(uid)
    with site.ledger.read() as tx:
        last = {one.sop_instance_uid for one in tx.deliveries.objects_of(uid, 2)}
    objects = site.objects(uid)
    site.lose_ledger()

    site.rebuild()
    site.analyse(uid)

    assert site.waiting(uid) == last
    assert site.objects(uid) == objects
    assert site.study(uid).revision == 3


def test_image_that_had_come_after_the_report_gets_a_new_one_that_names_it(site: Site) -> None:
    first, second = phantom()
    uid = site.receive([first])
    site.analyse(uid)
    (old,) = [key for key in site.objects(uid) if b"DCM" in site.objects(uid)[key] and is_report(site, key)]
    site.receive([second])
    site.lose_ledger()
    site.classifier.seen = 0

    site.rebuild()
    site.analyse(uid)

    assert site.classifier.seen == 1
    (new,) = [key for key in site.objects(uid) if key != old and is_report(site, key)]
    old_uid = old.rpartition("/")[2].removesuffix(".dcm")
    assert old_uid.encode() in site.store.get(new)


def is_report(site: Site, key: str) -> bool:
    return b"1.2.840.10008.5.1.4.1.1.88.34" in site.store.get(key)[:1000]


def test_old_studies_are_kept_with_header_and_results_and_analysed_when_asked(site: Site) -> None:
    uid, other = site.receive(phantom()), site.receive(images(1))
    site.analyse(uid)
    sent = site.waiting(uid)
    for one in (uid, other):
        site.age(one)
    site.lose_ledger()
    site.classifier.seen = 0

    found = site.rebuild()

    assert (found.kept, found.kept_without_report, found.analysed_again) == (2, 1, 0)
    study = site.study(uid)
    assert (study.state, study.revision, study.received_at) == (StudyState.KEPT, 1, LONG_AGO)
    assert "with the results of that time" in study.reason
    assert study.header.patient_name == "PHANTOM^SPECKLE"
    assert study.header.modalities == ("US",)
    assert "has it analysed" in site.study(other).reason
    with site.ledger.read() as tx:
        (analysis,) = tx.analyses.of_study(uid, 1)
    assert analysis.result is not None
    assert len(analysis.result.scores) == 2

    with site.ledger.begin() as tx:
        retry_study(tx, uid, "asked for")
    site.analyse(uid)
    assert (site.waiting(uid), site.classifier.seen) == (sent, 0)


def test_longer_since_takes_up_what_was_kept(site: Site) -> None:
    uid = site.receive(images(1))
    site.age(uid)
    site.lose_ledger()
    assert site.rebuild().kept == 1

    again = site.rebuild(since=timedelta(days=3650), adds_missing=True)

    assert (again.taken_up, again.instances_entered, again.instances_known) == (1, 0, 1)
    assert site.study(uid).state is StudyState.ASSEMBLED


def test_damaged_files_are_named_and_hide_no_other(site: Site) -> None:
    study = images(5)
    uid = site.receive(study)
    paths = [site.file_of(one.SOPInstanceUID) for one in study]
    for path, change in zip(paths, (torn, flipped, emptied, misplaced), strict=False):
        change(path)
    site.lose_ledger()

    found = site.rebuild()

    assert (found.instances_entered, found.fault_count, site.study(uid).instance_count) == (1, 4, 1)
    assert all(fault.reason for fault in found.faults)
    names = " ".join(fault.key for fault in found.faults)
    assert study[4].SOPInstanceUID not in names
    assert site.rebuild(adds_missing=True).fault_count == 4


def torn(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:-7])


def flipped(path: Path) -> None:
    data = bytearray(path.read_bytes())
    data[-3] ^= 1
    path.write_bytes(data)


def emptied(path: Path) -> None:
    path.write_bytes(b"")


def misplaced(path: Path) -> None:
    path.rename(path.with_name(f"1.2.3.4-{path.stem.rpartition('-')[2]}.dcm"))


def test_study_of_which_nothing_is_whole_is_not_there(site: Site) -> None:
    (image,) = images(1)
    uid = site.receive([image])
    flipped(site.file_of(image.SOPInstanceUID))
    site.lose_ledger()
    found = site.rebuild()
    with site.ledger.read() as tx:
        assert tx.studies.find(uid) is None
    assert (found.studies, found.fault_count) == (0, 1)


def test_dry_run_counts_and_changes_nothing(site: Site) -> None:
    new, old = site.receive(images(2)), site.receive(images(1))
    site.age(old)
    site.lose_ledger()

    found = site.rebuild(dry=True)

    assert (found.studies, found.analysed_again, found.kept, found.instances_entered) == (2, 1, 1, 3)
    with site.ledger.read() as tx:
        assert (tx.studies.find(new), tx.notices.all()) == (None, ())
    wet = site.rebuild()
    assert (wet.analysed_again, wet.kept, wet.kept_without_report) == (1, 1, found.kept_without_report)


def test_ledger_with_studies_is_refused(site: Site) -> None:
    site.receive(images(1))
    with pytest.raises(ConfigurationError, match="--add-missing"):
        site.rebuild()
    assert site.rebuild(adds_missing=True).instances_known == 1


def test_run_that_was_killed_goes_on_and_comes_to_the_same(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    uids = {site.receive(images(40)) for _ in range(4)}
    for uid in sorted(uids)[:2]:
        site.age(uid)
    site.lose_ledger()
    done: list[object] = []
    batch = Rebuild._batch

    def killed_at_the_second(run: Rebuild, studies: object) -> None:
        if done:
            raise KeyboardInterrupt
        done.append(studies)
        batch(run, studies)  # type: ignore[arg-type]

    with monkeypatch.context() as patched, pytest.raises(KeyboardInterrupt):
        patched.setattr(Rebuild, "_batch", killed_at_the_second)
        site.rebuild()
    with site.ledger.read() as tx:
        assert [one.source for one in tx.notices.all()] == [SOURCE]
        entered = {one.study_instance_uid for one in tx.studies.latest(10)}
    assert 0 < len(entered) < 4

    found = site.rebuild()

    states = {uid: site.study(uid).state for uid in uids}
    assert list(states.values()).count(StudyState.KEPT) == 2
    assert all(site.study(uid).instance_count == 40 for uid in uids)
    assert found.instances_known == 40 * len(entered)
    with site.ledger.read() as tx:
        assert tx.notices.all() == ()


def test_older_ledger_is_brought_up_to_what_the_store_knows(site: Site, tmp_path: Path) -> None:
    behind, done = site.receive(phantom()), site.receive(images(1))
    backup = tmp_path / "backup.sqlite3"
    back_up_now(site, backup)
    site.analyse(behind)
    sent = site.waiting(behind)
    later = site.receive(images(2))
    restore_to(site, backup)
    site.classifier.seen = 0

    found = site.rebuild(adds_missing=True)

    assert (found.caught_up, found.analysed_again, found.instances_entered) == (1, 1, 2)
    assert site.study(later).instance_count == 2
    assert site.study(done).revision == 1
    site.analyse(behind)
    assert (site.waiting(behind), site.classifier.seen) == (sent, 0)
    assert site.study(behind).revision == 2


def back_up_now(site: Site, path: Path) -> None:
    back_up(database_file(site.settings.ledger_url), path)


def restore_to(site: Site, path: Path) -> None:
    site.close()
    restore(path, database_file(site.settings.ledger_url))
    site.ledger = Ledger(site.settings.ledger_url)


def test_what_is_under_way_is_asked_for_again_where_the_broker_has_forgotten(tmp_path: Path) -> None:
    site = Site(tmp_path, broker={"kind": "rabbitmq", "url": "amqp://nobody:x@127.0.0.1:1/%2F"})
    sending = site.receive(phantom())
    site.analyse(sending)
    messages(site.ledger, "inference.us-mass.urgent")
    waiting = site.receive(images(1))
    assemble(site.ledger, site.store)
    enqueue(site.ledger, site.store, US_TO_PACS)
    queues = ["delivery.pacs", "inference.us-mass.urgent"]
    before = [messages(site.ledger, queue) for queue in queues]

    found = site.rebuild(adds_missing=True)

    assert found.asked_again == 2
    assert [messages(site.ledger, queue) for queue in queues] == before
    assert [body["study_instance_uid"] for bodies in before for body in bodies] == [sending, waiting]
    site.close()


def test_studies_without_images_are_counted(site: Site) -> None:
    uid = site.receive(phantom())
    site.analyse(uid)
    for key in site.store.keys(f"instances/{uid}/"):
        site.store.delete(key)
    site.lose_ledger()
    assert (site.rebuild().results_only, site.rebuild().studies) == (1, 0)


def test_other_content_under_a_uid_goes_to_the_quarantine(site: Site) -> None:
    first, second = images(2)
    site.receive([first])
    second.SOPInstanceUID, second.StudyInstanceUID = first.SOPInstanceUID, first.StudyInstanceUID
    second.PixelData = bytes(16)
    other = Site(site.folder / "other")
    other.receive([second])
    (key,) = other.store.keys("instances/")
    site.store.put(key, other.store.get(key))  # as a crash leaves it before it is moved
    (path,) = [site.folder / "store" / one for one in site.store.keys("instances/") if one != key]
    os.utime(path, (LONG_AGO.timestamp(), LONG_AGO.timestamp()))
    other.close()
    site.lose_ledger()

    found = site.rebuild(since=timedelta(days=3650))

    assert (found.instances_quarantined, site.study(first.StudyInstanceUID).instance_count) == (1, 1)
    assert len(site.store.keys("quarantine/")) == 2
    with site.ledger.read() as tx:
        entered = tx.instances.find(first.SOPInstanceUID)
    assert entered is not None
    assert entered.key != key


def test_store_that_is_away_ends_the_run_and_one_unreadable_file_does_not(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    site.receive(images(8))
    site.lose_ledger()
    open_, (first, *_) = FilesystemStore.open, sorted(site.store.keys("instances/"))

    def one_fails(store: FilesystemStore, key: str) -> object:
        if key == first:
            raise StoreUnavailable("Input/output error")
        return open_(store, key)

    with monkeypatch.context() as patched:
        patched.setattr(FilesystemStore, "open", one_fails)
        found = site.rebuild()
    assert (found.instances_entered, found.fault_count) == (7, 1)
    assert found.faults[0].is_unread
    assert site.rebuild(adds_missing=True).instances_entered == 1

    site.lose_ledger()

    def all_fail(store: FilesystemStore, key: str) -> object:
        raise StoreUnavailable("no such mount")

    with monkeypatch.context() as patched, pytest.raises(StoreUnavailable, match="start the command again"):
        patched.setattr(FilesystemStore, "open", all_fail)
        site.rebuild()
    assert site.rebuild().instances_entered == 8
