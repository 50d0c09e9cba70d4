from datetime import UTC, datetime

from service.recover.check import LedgerCheck
from service.storage.retention.images import ImageRetention
from tests.unit.pipeline import phantom
from tests.unit.recover.site import Site, images
from tests.unit.recover.test_rebuild import flipped, torn


def test_ledger_and_store_that_agree(site: Site) -> None:
    uid = site.receive(phantom())
    site.analyse(uid)
    site.receive(images(3))
    found = site.check()
    assert found.is_sound
    assert (found.studies, found.instances, found.read) == (2, 5, 5)


def test_entries_without_bytes_and_bytes_without_entries_are_named(site: Site) -> None:
    uid = site.receive(phantom())
    site.analyse(uid)
    lost = [site.store.keys(f"{folder}/{uid}/")[0] for folder in ("instances", "objects")]
    for key in lost:
        site.store.delete(key)
    other = Site(site.folder / "other")
    other.receive(images(1))
    (stranger,) = other.store.keys("instances/")
    site.store.put(stranger, other.store.get(stranger))
    other.close()

    young = site.check()
    site.age(stranger.split("/")[1])
    found = site.check()

    assert sorted(found.missing) == sorted(lost)
    assert found.not_entered == [stranger]
    assert not found.is_sound
    assert young.not_entered == []  # it may be on its way into the ledger
    assert site.rebuild(adds_missing=True).instances_entered == 1
    assert site.check().not_entered == []


def test_wrong_bytes_are_found_where_they_are_read(site: Site) -> None:
    changed, cut = images(1), images(1)
    for study, damage in ((changed, flipped), (cut, torn)):
        site.receive(study)
        damage(site.file_of(study[0].SOPInstanceUID))
    assert site.check(share=0.0).damaged_count == 0
    assert site.check(share=1.0).damaged_count == 2


def test_cut_file_is_found_without_being_read(site: Site) -> None:
    (image,) = images(1)
    site.receive([image])
    path = site.file_of(image.SOPInstanceUID)
    path.write_bytes(path.read_bytes()[:200])
    assert site.check(share=0.0).damaged_count == 1


def test_images_that_retention_removed_are_not_missing(site: Site) -> None:
    uid = site.receive(phantom())
    site.analyse(uid)
    site.deliver(uid)
    assert ImageRetention(site.ledger, site.store, 0).remove(uid) is not None
    found = site.check()
    assert (found.is_sound, found.removed) == (True, 2)


def test_a_sample_reads_about_its_share(site: Site) -> None:
    site.receive(images(200))
    check = LedgerCheck(site.ledger, site.store, 0.5, 10**6, lambda: datetime.now(UTC))
    assert 60 <= check.run().read <= 140
