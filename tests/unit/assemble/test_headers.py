import pytest
from structlog.testing import capture_logs

from service.assemble.headers import Headers
from service.dicom.mammography import MammographyView
from service.errors import StoreUnavailable
from service.storage.store.memory import MemoryStore
from service.study.model import ReceivedInstance
from tests.factories import received
from tests.unit.dicom.builders import part10, ultrasound
from tests.unit.dicom.mammograms import mammogram

MARKER = "D" * 6


class CountingStore(MemoryStore):
    """Counts how often bytes are asked for."""

    reads = 0

    def get(self, key: str) -> bytes:
        self.reads += 1
        return super().get(key)


@pytest.fixture
def store() -> CountingStore:
    return CountingStore()


@pytest.fixture
def instances(store: CountingStore) -> list[ReceivedInstance]:
    kept = [received() for _ in range(3)]
    ds = mammogram("L", "MLO", NumberOfStudyRelatedInstances="4", NumberOfSeriesRelatedInstances="2")
    for instance in kept:
        store.put(instance.key, part10(ds))
    return kept


def test_facts_are_what_the_header_says(store: CountingStore, instances: list[ReceivedInstance]) -> None:
    found = Headers(store, ["Modality"]).facts_of(instances[0])
    assert found is not None
    assert (found.view, found.announced_count) == (MammographyView("L", "MLO"), 4)
    assert found.announced_in_series == 2
    assert (found.study.patient_id, found.header.attributes) == ("P1", {"Modality": ("MG",)})


@pytest.mark.parametrize("announced", ["0", "-3", None])
def test_number_that_is_no_count_announces_nothing(store: CountingStore, announced: str | None) -> None:
    instance = received()
    ds = mammogram(
        NumberOfStudyRelatedInstances=announced or "", NumberOfSeriesRelatedInstances=announced or ""
    )
    store.put(instance.key, part10(ds))
    found = Headers(store, []).facts_of(instance)
    assert found is not None
    assert (found.announced_count, found.announced_in_series) == (None, None)


def test_each_header_is_read_once(store: CountingStore, instances: list[ReceivedInstance]) -> None:
    headers = Headers(store, [])
    for _ in range(5):
        assert all(headers.facts_of(instance) for instance in instances)
    assert store.reads == 3


def test_header_used_longest_ago_is_dropped_first(
    store: CountingStore, instances: list[ReceivedInstance]
) -> None:
    headers, (first, second, third) = Headers(store, [], max_headers=2), instances
    for instance in (first, second, first, third, first):
        headers.facts_of(instance)
    assert store.reads == 3
    headers.facts_of(second)
    assert store.reads == 4


def test_damaged_header_is_said_once_and_not_read_again(store: CountingStore) -> None:
    instance = received()
    store.put(instance.key, b"rotten")
    headers = Headers(store, [])
    with capture_logs() as logs:
        assert headers.facts_of(instance) is headers.facts_of(instance) is None
    assert [(line["event"], line["error"]) for line in logs] == [("header not readable", "NotDicom")]
    assert store.reads == 1


def test_bytes_that_are_gone_are_asked_for_again(store: CountingStore) -> None:
    instance = received()
    headers = Headers(store, [])
    assert headers.facts_of(instance) is None
    store.put(instance.key, part10(mammogram()))
    assert headers.facts_of(instance) is not None


def test_store_that_is_away_is_asked_again(
    store: CountingStore, instances: list[ReceivedInstance], monkeypatch: pytest.MonkeyPatch
) -> None:
    headers = Headers(store, [])
    with monkeypatch.context() as away:
        away.setattr(CountingStore, "get", _away)
        with pytest.raises(StoreUnavailable):
            headers.facts_of(instances[0])
    assert headers.facts_of(instances[0]) is not None


def test_routing_reads_text_by_the_senders_character_set(store: CountingStore) -> None:
    instances = [received(calling_ae_title=title) for title in ("US1", "US2")]
    data = part10(ultrasound(StudyDescription=MARKER)).replace(MARKER.encode(), "乳腺".encode())
    for instance in instances:
        store.put(instance.key, data)
    headers = Headers(store, ["StudyDescription"], character_sets={"US1": "ISO_IR 192"})
    found = [header for one in instances if (header := headers.header_of(one))]
    shown = [header.attributes["StudyDescription"] for header in found]
    assert shown == [("乳腺",), ("\ufffd" * 6,)]


def test_routing_sees_what_the_ledger_says_of_each_instance(store: CountingStore) -> None:
    instances = [received(calling_ae_title="US1", called_ae_title=title) for title in ("PREREAD", "URGENT")]
    for instance in instances:
        store.put(instance.key, part10(ultrasound()))
    headers = Headers(store, [])
    found = [header for one in instances if (header := headers.header_of(one))]
    assert [(one.calling_ae_title, one.called_ae_title) for one in found] == [
        ("US1", "PREREAD"),
        ("US1", "URGENT"),
    ]
    assert {one.series_instance_uid for one in found} == {instances[0].series_instance_uid}


def _away(_store: CountingStore, _key: str) -> bytes:
    raise StoreUnavailable
