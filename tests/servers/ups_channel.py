"""The channel of a worklist manager's reports (PS3.18 11.13): a WebSocket on the port of its own proxy.

Managers have requests and channel on one port; here a small proxy stands before both, so that the client's
rule (the channel is where the requests are) holds.
"""

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress

from websockets.exceptions import ConnectionClosed
from websockets.sync.server import ServerConnection, serve

from tests.servers.ups_rs import UpsServer


@contextmanager
def with_channel(ups: UpsServer) -> Iterator[None]:
    """`ups.url` leads to both while this lasts."""

    def hold(connection: ServerConnection) -> None:
        title = (connection.request.path if connection.request else "").rpartition("/")[2]
        channels = ups.subscribers.get(title)
        if channels is None:  # who has not subscribed hears nothing
            return
        channels.append(connection)
        try:
            with suppress(ConnectionClosed):
                for _ in connection:
                    pass
        finally:
            channels.remove(connection)

    direct = int(ups.url.rpartition(":")[2].partition("/")[0])
    with serve(hold, "127.0.0.1", 0) as server, socket.create_server(("127.0.0.1", 0)) as front:
        reports = threading.Thread(target=server.serve_forever)
        reports.start()
        channel = server.socket.getsockname()[1]
        proxy = threading.Thread(target=_accept, args=(front, direct, channel), daemon=True)
        proxy.start()
        ups.url = f"http://127.0.0.1:{front.getsockname()[1]}/rs"
        try:
            yield
        finally:
            front.shutdown(socket.SHUT_RDWR)
            server.shutdown()
            reports.join()
            proxy.join()


def _accept(front: socket.socket, direct: int, channel: int) -> None:
    while True:
        try:
            client, _ = front.accept()
        except OSError:
            return
        threading.Thread(target=_join, args=(client, direct, channel), daemon=True).start()


def _join(client: socket.socket, direct: int, channel: int) -> None:
    """Bytes in both directions; the first request says whom they are for."""
    with client:
        first = client.recv(65536)
        port = channel if first.startswith(b"GET /rs/subscribers/") else direct
        with socket.create_connection(("127.0.0.1", port)) as server:
            server.sendall(first)
            back = threading.Thread(target=_copy, args=(server, client), daemon=True)
            back.start()
            _copy(client, server)
            back.join()


def _copy(source: socket.socket, target: socket.socket) -> None:
    with suppress(OSError):
        while data := source.recv(65536):
            target.sendall(data)
    with suppress(OSError):
        target.shutdown(socket.SHUT_WR)
