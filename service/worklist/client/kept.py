"""Answers that the client has had, so that what has not changed is not sent again."""

from collections import OrderedDict

import httpx

_MOST_KEPT = 64


class Kept:
    """The newest answers with an ETag, in memory only: they hold patient data."""

    def __init__(self) -> None:
        self._answers: OrderedDict[str, httpx.Response] = OrderedDict()

    def asking(self, address: str) -> dict[str, str]:
        """Headers with which to ask for `address`."""
        answer = self._answers.get(address)
        return {"If-None-Match": answer.headers["ETag"]} if answer else {}

    def answer(self, address: str, response: httpx.Response) -> httpx.Response:
        """What the server has answered, or what it said before and says again by 304."""
        if response.status_code == httpx.codes.NOT_MODIFIED and address in self._answers:
            self._answers.move_to_end(address)
            return self._answers[address]
        self._answers.pop(address, None)
        if response.status_code == httpx.codes.OK and "ETag" in response.headers:
            self._answers[address] = response
            while len(self._answers) > _MOST_KEPT:
                self._answers.popitem(last=False)
        return response
