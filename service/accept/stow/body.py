"""A request's body as it comes: with an end to waiting, and no more of it than a piece."""

import asyncio

from starlette.requests import ClientDisconnect, Request

PIECE_BYTES = 64 * 1024
"""What has to come within the time-out, and about what is handed on at once."""
MOST_DISCARDED_BYTES = 16 * 1024 * 1024


class Body:
    """Reads the body of `request`. While nobody asks for more, the socket is not read either."""

    def __init__(self, request: Request, idle_timeout_s: float) -> None:
        self._request = request
        self._idle_timeout_s = idle_timeout_s
        self._has_begun = False
        self.has_ended = False

    async def pieces(self) -> list[bytes]:
        """What comes next, PIECE_BYTES or more unless it is the last; empty after the end.

        Raises TimeoutError where the client is too slow, ClientDisconnect where it has gone.
        """
        pieces: list[bytes] = []
        size_bytes = 0
        async with asyncio.timeout(self._idle_timeout_s):
            while size_bytes < PIECE_BYTES and not self.has_ended:
                piece = await self._next()
                size_bytes += len(piece)
                pieces.append(piece)
        return pieces

    async def discard(self) -> None:
        """Read what the client is about to send anyway, so that it is there to read our answer.

        Not where it waits to be asked, and not much. Raises ClientDisconnect.
        """
        size_bytes = 0
        try:
            while not self._client_waits and size_bytes < MOST_DISCARDED_BYTES:
                pieces = await self.pieces()
                if not pieces:
                    return
                size_bytes += sum(map(len, pieces))
        except TimeoutError:
            return

    @property
    def _client_waits(self) -> bool:
        expects = self._request.headers.get("expect", "").lower() == "100-continue"
        return expects and not self._has_begun

    async def _next(self) -> bytes:
        self._has_begun = True
        message = await self._request.receive()
        if message["type"] == "http.disconnect":
            raise ClientDisconnect
        self.has_ended = not message.get("more_body", False)
        piece: bytes = message.get("body", b"")
        return piece
