import pytest
from pydantic import ValidationError

from service.config import AcceptSettings

US1 = {"ae_title": "US1", "host": "10.1.0.7", "port": 11113}


def test_peer_is_where_a_sender_listens() -> None:
    (peer,) = AcceptSettings.model_validate({"commitment_peers": [US1]}).commitment_peers
    assert (peer.ae_title, peer.host, peer.port) == ("US1", "10.1.0.7", 11113)


def test_two_places_for_one_sender_are_refused() -> None:
    with pytest.raises(ValidationError, match="keep the one where it listens"):
        AcceptSettings.model_validate({"commitment_peers": [US1, US1 | {"port": 11114}]})
