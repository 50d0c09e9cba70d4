"""How connections to RabbitMQ are opened, and the one place where pika's exceptions become ours."""

import ssl
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit

import pika
from pika.adapters.blocking_connection import BlockingConnection
from pika.exceptions import AMQPError, ChannelClosedByBroker

from service.config.tls import ClientTLS
from service.errors import BrokerUnavailable, ConfigurationError, PrereadError
from service.net.client_tls import client_context

HEARTBEAT_S = 30
"""A peer that vanished is noticed after two silent heartbeats."""
CONNECT_TIMEOUT_S = 10
TLS_SETTING = "broker.tls"


@dataclass(frozen=True, slots=True)
class Address:
    """Where RabbitMQ is, and how it is spoken to. Files are read for each connection."""

    url: str = field(repr=False)
    """`amqp://user:password@host:5672/vhost`, or `amqps://` for TLS."""
    password_file: Path | None = None
    """Holds the password instead of the URL, which then reads `amqp://user@host:5672/vhost`."""
    tls: ClientTLS | None = None
    """With `amqps://`; None for TLS with this system's certificates."""

    def parameters(self, name: str) -> pika.ConnectionParameters:
        """For a connection that RabbitMQ's management pages show as `name`. Raises ConfigurationError."""
        parameters = _parsed(self.url)
        if self.password_file is not None:
            password = _read_password(self.password_file)
            parameters.credentials = pika.PlainCredentials(parameters.credentials.username, password)
        if self.url.startswith("amqps://"):
            context = client_context(TLS_SETTING, self.tls or ClientTLS())
            parameters.ssl_options = pika.SSLOptions(context, parameters.host)
        parameters.heartbeat = HEARTBEAT_S
        parameters.socket_timeout = CONNECT_TIMEOUT_S
        parameters.stack_timeout = CONNECT_TIMEOUT_S
        parameters.connection_attempts = 1
        parameters.client_properties = {"connection_name": name}
        return parameters


def connect(address: Address, name: str) -> BlockingConnection:
    """Open a connection. Raises BrokerUnavailable, ConfigurationError."""
    parameters = address.parameters(name)
    try:
        with translated():
            return BlockingConnection(parameters)
    except ValueError as error:  # pika's word for a peer that resets the connection as soon as it is there
        raise BrokerUnavailable(f"RabbitMQ closed the connection at once: {error}") from error


@contextmanager
def translated() -> Iterator[None]:
    """Pika's exceptions become BrokerUnavailable."""
    try:
        yield
    except (AMQPError, OSError) as error:
        raise broker_error(error) from error


def broker_error(error: BaseException) -> PrereadError:
    """What an exception of a connection means to us, and what to do about it."""
    if isinstance(error, PrereadError):
        return error
    if isinstance(error, ChannelClosedByBroker):
        return BrokerUnavailable(f"RabbitMQ closed the channel: {error.reply_text}")
    if isinstance(error, ssl.SSLCertVerificationError):
        return BrokerUnavailable(
            f"RabbitMQ's certificate is not believed ({error.verify_message}): broker.url must name a host "
            f"that is in it, and {TLS_SETTING}.ca the certificate of who issued it"
        )
    if isinstance(error, ssl.SSLError):
        return BrokerUnavailable(
            f"no TLS with RabbitMQ ({error}): check that broker.url has its port for TLS, and whether "
            f"it asks for a certificate ({TLS_SETTING}.certificate and key)"
        )
    return BrokerUnavailable(f"RabbitMQ does not answer: {error!r}")


def _parsed(url: str) -> pika.URLParameters:
    # The error shows neither the URL nor the parser's words about it: both may hold the password.
    refusal = ConfigurationError(
        "broker.url must read amqp://user:password@host:5672/vhost, or amqps:// for TLS; "
        "write special characters of the password as %XX"
    )
    if not url.startswith(("amqp://", "amqps://")):
        raise refusal
    try:
        parts = urlsplit(url)
        if parts.username and parts.password is None:  # it is in its file; the parser wants one, if empty
            url = url.replace(f"//{parts.username}@", f"//{parts.username}:@", 1)
        return pika.URLParameters(url)
    except (ValueError, TypeError, LookupError):
        raise refusal from None


def _read_password(file: Path) -> str:
    try:
        password = file.read_text(encoding="utf-8").rstrip("\r\n")
    except (OSError, UnicodeDecodeError) as error:
        why = error.strerror if isinstance(error, OSError) else "it is not UTF-8"
        raise ConfigurationError(f"broker.password_file {file} cannot be read: {why}") from None
    if not password:
        raise ConfigurationError(f"broker.password_file {file} is empty: write the password into it")
    return password
