from service.config import Settings
from service.wiring.assemble import character_sets_of


def test_first_entry_of_a_sender_that_has_a_character_set_holds() -> None:
    peers = [
        {"ae_title": "US1"},
        {"ae_title": "US1", "hosts": ["10.0.0.1"], "character_set": "GB18030"},
        {"ae_title": "US1", "character_set": "ISO_IR 192"},
        {"ae_title": "US2"},
    ]
    settings = Settings.model_validate({"accept": {"peers": peers}})
    assert character_sets_of(settings) == {"US1": "GB18030"}
