from service.config import Settings
from service.storage.memory import MemoryStore
from service.wiring.assemble import character_sets_of, read_headers
from tests.factories import received
from tests.unit.dicom.builders import part10, ultrasound

MARKER = "D" * 6


def test_first_entry_of_a_sender_that_has_a_character_set_holds() -> None:
    peers = [
        {"ae_title": "US1"},
        {"ae_title": "US1", "hosts": ["10.0.0.1"], "character_set": "GB18030"},
        {"ae_title": "US1", "character_set": "ISO_IR 192"},
        {"ae_title": "US2"},
    ]
    settings = Settings.model_validate({"accept": {"peers": peers}})
    assert character_sets_of(settings) == {"US1": "GB18030"}


def test_routing_reads_text_by_the_senders_character_set() -> None:
    store = MemoryStore()
    instances = [received(calling_ae_title=title) for title in ("US1", "US2")]
    data = part10(ultrasound(StudyDescription=MARKER)).replace(MARKER.encode(), "乳腺".encode())
    for instance in instances:
        store.put(instance.key, data)
    headers = read_headers(store, ["StudyDescription"], instances, {"US1": "ISO_IR 192"})
    shown = [header.attributes["StudyDescription"] for header in headers]
    assert shown == [("乳腺",), ("\ufffd" * 6,)]
