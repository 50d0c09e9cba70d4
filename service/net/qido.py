"""Searches by QIDO-RS (PS3.18 section 10.6)."""

import json
from collections.abc import Iterable, Mapping
from typing import Any
from urllib.parse import urlencode

from pydicom.dataset import Dataset

from service.dicom.quiet import quiet
from service.dicom.values import text
from service.errors import PeerUnavailable
from service.net.http import Answer, HttpClient

PAGE = 500
MAX_MATCHES = 20_000
_MAX_ANSWER_BYTES = 64 * 1024**2
_PIECE_BYTES = 64 * 1024


def search(
    client: HttpClient, url: str, keys: Mapping[str, str], returned: Iterable[str], unique: str
) -> list[Dataset]:
    """All matches of `keys` under `url`, page by page, each once by its attribute `unique`.

    Raises PeerUnavailable when the server does not answer, or answers what is no DICOM JSON.
    """
    found: dict[str, Dataset] = {}
    offset = 0
    while True:
        parameters = [*keys.items(), *(("includefield", keyword) for keyword in returned)]
        page, there_is_more = _page(
            client, f"{url}?{urlencode([*parameters, ('limit', PAGE), ('offset', offset)])}"
        )
        known = len(found)
        found.update({text(match, unique): match for match in page})
        # A server that does not know `offset` gives the same page for ever.
        if len(found) == known or not (there_is_more or len(page) >= PAGE):
            return list(found.values())
        if len(found) > MAX_MATCHES:
            raise PeerUnavailable(f"{url} answered with more than {MAX_MATCHES} matches: ask for less")
        offset += len(page)


def _page(client: HttpClient, url: str) -> tuple[list[Dataset], bool]:
    with client.get(url, "application/dicom+json") as answer:
        body = _read(answer, url)
        # 299: the server held matches back (PS3.18 10.6.3.1).
        there_is_more = "299" in answer.headers.get("Warning", "")
    if not body.strip():
        return [], False
    try:
        with quiet():
            return [Dataset.from_json(_object(match)) for match in _array(json.loads(body))], there_is_more
    except Exception as error:  # a converter of foreign JSON raises anything, RecursionError too
        where = url.partition("?")[0]
        raise PeerUnavailable(
            f"{where} answered what is no DICOM JSON ({type(error).__name__}): look at qido_url"
        ) from None


def _read(answer: Answer, url: str) -> bytes:
    body = bytearray()
    while piece := answer.read(_PIECE_BYTES):
        body += piece
        if len(body) > _MAX_ANSWER_BYTES:
            raise PeerUnavailable(
                f"{url.partition('?')[0]} answered with more than {_MAX_ANSWER_BYTES} bytes"
            )
    return bytes(body)


def _array(value: Any) -> list[Any]:
    if not isinstance(value, list):
        raise TypeError
    return value


def _object(value: Any) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise TypeError
    return value
