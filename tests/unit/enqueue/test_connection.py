import errno
import socket
import ssl
from pathlib import Path

import pytest
from pika.exceptions import AMQPConnectionError, ChannelClosedByBroker

from service.config import ClientTLS
from service.enqueue.rabbitmq.connection import Address, broker_error, connect
from service.errors import BrokerUnavailable, ConfigurationError
from tests.servers.process import free_port


def test_broker_that_does_not_answer_is_unavailable() -> None:
    with pytest.raises(BrokerUnavailable, match="does not answer"):
        connect(Address(f"amqp://guest:guest@127.0.0.1:{free_port()}/%2F"), "test")


def test_broker_that_resets_a_connection_as_soon_as_it_is_there_is_unavailable(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def is_gone(_: socket.socket) -> None:
        raise OSError(errno.ENOTCONN, "Transport endpoint is not connected")

    monkeypatch.setattr(socket.socket, "getpeername", is_gone, raising=False)  # what pika asks first
    with socket.create_server(("127.0.0.1", 0)) as server:
        address = Address(f"amqp://guest:guest@127.0.0.1:{server.getsockname()[1]}/%2F")
        with pytest.raises(BrokerUnavailable, match="closed the connection at once"):
            connect(address, "test")


@pytest.mark.parametrize(
    "url", ["http://guest:s3cret@127.0.0.1/", "amqp://guest:s3cret/more@127.0.0.1/", "s3cret"]
)
def test_unusable_url_is_a_configuration_error_that_keeps_the_password_to_itself(url: str) -> None:
    with pytest.raises(ConfigurationError, match=r"broker\.url") as caught:
        connect(Address(url), "test")
    assert "s3cret" not in str(caught.value)


def test_password_comes_from_its_file_and_is_read_for_each_connection(tmp_path: Path) -> None:
    file = tmp_path / "password"
    address = Address("amqp://preread@rabbitmq/", password_file=file)
    file.write_text("first\n")
    assert address.parameters("test").credentials.password == "first"
    file.write_text("second")
    assert address.parameters("test").credentials.password == "second"
    assert address.parameters("test").credentials.username == "preread"


@pytest.mark.parametrize("content", [None, b"", b"\n", b"\xff\xfe"])
def test_password_file_that_holds_none_is_a_configuration_error(
    tmp_path: Path, content: bytes | None
) -> None:
    file = tmp_path / "password"
    if content is not None:
        file.write_bytes(content)
    with pytest.raises(ConfigurationError, match=r"broker\.password_file"):
        Address("amqp://preread@rabbitmq/", password_file=file).parameters("test")


def test_amqps_is_spoken_with_a_context_that_checks_the_host() -> None:
    options = Address("amqps://guest:guest@rabbitmq/").parameters("test").ssl_options
    assert options.server_hostname == "rabbitmq"
    assert options.context.verify_mode is ssl.CERT_REQUIRED


def test_files_of_tls_that_are_missing_are_a_configuration_error(tmp_path: Path) -> None:
    address = Address("amqps://guest:guest@rabbitmq/", tls=ClientTLS(ca=tmp_path / "missing.pem"))
    with pytest.raises(ConfigurationError, match=r"broker\.tls"):
        address.parameters("test")


def test_connections_have_a_name_on_the_management_pages() -> None:
    parameters = Address("amqp://guest:guest@rabbitmq/").parameters("preread consumer")
    assert parameters.client_properties == {"connection_name": "preread consumer"}


def test_errors_of_the_connection_say_what_to_check() -> None:
    assert "closed the channel: gone" in str(broker_error(ChannelClosedByBroker(404, "gone")))
    assert "port for TLS" in str(broker_error(ssl.SSLError(1, "WRONG_VERSION_NUMBER")))
    assert isinstance(broker_error(AMQPConnectionError()), BrokerUnavailable)
    kept = ConfigurationError("as it is")
    assert broker_error(kept) is kept
