from typing import Any

import pytest
from pydantic import ValidationError

from service.config import AcceptSettings, ClientTLS, Destination, DimseSource
from service.config.stow import StowSettings

PACS: dict[str, Any] = {"host": "pacs", "port": 104, "ae_title": "PACS"}


def test_peers_are_called_without_tls_unless_it_is_set() -> None:
    (peer,) = AcceptSettings.model_validate({"commitment_peers": [PACS]}).commitment_peers
    assert Destination(name="pacs", **PACS).tls is DimseSource(**PACS).tls is peer.tls is None


def test_tls_is_one_section_wherever_we_call() -> None:
    tls = {"ca": "ca.pem", "certificate": "our.pem", "key": "our.key"}
    called: list[Any] = [
        Destination.model_validate({"name": "pacs", "tls": tls, **PACS}),
        DimseSource.model_validate({"tls": tls, **PACS}),
        *AcceptSettings.model_validate({"commitment_peers": [{"tls": tls, **PACS}]}).commitment_peers,
    ]
    assert {one.tls for one in called} == {ClientTLS.model_validate(tls)}
    assert called[0].tls.check_host_name


@pytest.mark.parametrize(
    ("tls", "complaint"),
    [
        ({"certificate": "our.pem"}, "give both certificate and key"),
        ({"key": "our.key"}, "give both certificate and key"),
        ({"check_host_name": False}, "anybody's certificate would do: give ca"),
        ({"minimum_version": "1.1"}, "'1.2' or '1.3'"),
    ],
)
def test_tls_that_does_not_go_together_is_refused(tls: dict[str, Any], complaint: str) -> None:
    with pytest.raises(ValidationError, match=complaint):
        ClientTLS.model_validate(tls)


@pytest.mark.parametrize(
    ("settings", "complaint"),
    [
        ({"client_certificates": "required"}, "give certificate, key and ca"),
        ({"client_certificates": "optional", "certificate": "c", "key": "k"}, "give certificate, key and ca"),
        ({"certificate": "c", "key": "k", "ca": "ca"}, "ca does nothing while client_certificates is off"),
        ({"certificate": "c"}, "give both certificate and key"),
    ],
)
def test_tls_of_stow_that_does_not_go_together_is_refused(settings: dict[str, Any], complaint: str) -> None:
    with pytest.raises(ValidationError, match=complaint):
        StowSettings.model_validate(settings)
