"""The client: a method for each thing that the API offers, with typed values and typed errors."""

from collections.abc import Collection, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Literal, Self

import httpx
from pydantic import TypeAdapter

from service.dicom.identity import is_safe_uid
from service.errors import ConfigurationError, NotSignedIn, TooManyRequests, UnsafeUID
from service.study.assessment import Verdict
from service.worklist.badges import Badge, Badges
from service.worklist.client.answers import check, parsed
from service.worklist.client.events import StudyChanged, changes
from service.worklist.client.kept import Kept
from service.worklist.client.transport import connect, is_private, told
from service.worklist.entries import StudyDetail, StudyLog, WorklistEntry, WorklistPage
from service.worklist.listing import Listing

MOST_BADGES = 100
"""Studies, and accession numbers, that are looked up in one request."""
SILENT_AFTER_S = 15.0
"""The server says every 5 s that it is there: a stream that is silent for longer is broken."""
_STUDIES = "/api/v1/studies"
_PAGE, _STUDY, _BADGES = TypeAdapter(WorklistPage), TypeAdapter(StudyDetail), TypeAdapter(Badges)
_LOG = TypeAdapter(StudyLog)
_DONE = TypeAdapter(dict[str, str])


class Client:
    """Talks to the worklist at `url`, with a `token` (`preread token add`), or as who has signed in.

    `ca`: certificates to trust in place of the system's, as PEM. `timeout_s`: for connecting, and for each
    wait for an answer. One thread uses a client at a time. Methods raise NotSignedIn, NotAllowed, NotHere,
    NotUnderstood, TooManyRequests and NotInThisState, each with the server's sentence; WorklistUnavailable
    where a later attempt may succeed, UnexpectedAnswer where the server is another one, and UnsafeUID.
    """

    def __init__(
        self,
        url: str,
        *,
        token: str = "",
        ca: Path | None = None,
        timeout_s: float = 30.0,
        transport: httpx.BaseTransport | None = None,
    ) -> None:
        self._url = url
        self._timeout_s = timeout_s
        self._http = connect(url, token, ca, timeout_s, transport)
        self._kept = Kept()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """End the connection; a session goes on until it is signed out of or has run out."""
        self._http.close()

    def sign_in(self, name: str, password: str) -> None:
        """Ask as this account from now on. Programs that run by themselves had better show a token."""
        if not is_private(self._url):
            raise ConfigurationError("a password over http:// can be read on the way: use https://")
        response = self._send("POST", "/sign-in", data={"name": name, "password": password})
        if response.status_code == httpx.codes.UNAUTHORIZED:
            raise NotSignedIn("this name and password do not go together")
        if response.status_code == httpx.codes.TOO_MANY_REQUESTS:
            raise TooManyRequests("too many attempts have failed: wait a quarter of an hour")
        if response.status_code != httpx.codes.SEE_OTHER:
            check(response)

    def sign_out(self) -> None:
        """End the session."""
        response = self._send("POST", "/sign-out")
        if response.status_code != httpx.codes.SEE_OTHER:
            check(response)
        self._http.cookies.clear()

    def studies(self, asked: Listing | None = None) -> Iterator[WorklistEntry]:
        """All studies that are asked for, newest first, fetched page by page (`asked.limit` studies each)."""
        page = self.page(asked)
        yield from page.entries
        while page.next:
            page = self.page((asked or Listing()).model_copy(update={"before": page.next}))
            yield from page.entries

    def page(self, asked: Listing | None = None) -> WorklistPage:
        """One page of the list, with the counts of all states and what is wrong with the service itself."""
        wanted = (asked or Listing()).model_dump(mode="json", exclude_defaults=True)
        return parsed(_PAGE, self._get(_STUDIES, wanted))

    def study(self, study_instance_uid: str) -> StudyDetail:
        """One study, with its history and result objects."""
        return parsed(_STUDY, self._get(_path(study_instance_uid)))

    def log(self, study_instance_uid: str) -> StudyLog:
        """What every role did about one study, oldest first, without patient data."""
        return parsed(_LOG, self._get(f"{_path(study_instance_uid)}/log"))

    def heatmap(
        self,
        study_instance_uid: str,
        sop_instance_uid: str,
        *,
        size: Literal["thumbnail", "full"] = "full",
        classifier: str | None = None,
        frame: int | None = None,
    ) -> bytes:
        """A PNG: the heatmap with this UID, or the newest one that was made from this image or frame."""
        wanted = {"size": size, "classifier": classifier, "frame": frame}
        path = f"{_path(study_instance_uid)}/heatmaps/{_checked(sop_instance_uid)}.png"
        return self._bytes(path, {name: value for name, value in wanted.items() if value is not None})

    def result_object(self, study_instance_uid: str, sop_instance_uid: str) -> bytes:
        """A result object, exactly as it is sent."""
        return self._bytes(f"{_path(study_instance_uid)}/objects/{_checked(sop_instance_uid)}.dcm")

    def make_urgent(self, study_instance_uid: str) -> str:
        """Have the study analysed before routine ones; what was done, in a sentence."""
        return self._do(study_instance_uid, "urgent")

    def retry(self, study_instance_uid: str) -> str:
        """Route and analyse the study again; what was done, in a sentence."""
        return self._do(study_instance_uid, "retry")

    def send_again(self, study_instance_uid: str) -> str:
        """Send the newest results once more; what was done, in a sentence."""
        return self._do(study_instance_uid, "send-again")

    def assess(
        self,
        study_instance_uid: str,
        classifier: str,
        revision: int,
        verdict: Verdict,
        *,
        category: str = "",
        comment: str = "",
        assessed_by: str = "",
    ) -> str:
        """Say what a person says of a result; what was done, in a sentence. `revision` is that of the result.

        `category` goes with MODIFIED, a `comment` with REJECTED; `assessed_by` counts only where nobody
        has to sign in.
        """
        said = {
            "classifier": classifier,
            "revision": revision,
            "verdict": verdict,
            "category": category,
            "comment": comment,
            "assessed_by": assessed_by,
        }
        return self._do(study_instance_uid, "assessments", said)

    def badges(
        self, study_instance_uids: Collection[str] = (), accession_numbers: Collection[str] = ()
    ) -> list[Badge]:
        """What there is to say of these studies, in no particular order; unknown ones are left out."""
        wanted = [{"study_instance_uids": some} for some in _batches(study_instance_uids)]
        wanted += [{"accession_numbers": some} for some in _batches(accession_numbers)]
        found: dict[str, Badge] = {}
        for some in wanted:
            answer = parsed(_BADGES, self._send("POST", "/embed/lookup", json=some))
            found |= {badge.study_instance_uid: badge for badge in answer.studies}
        return list(found.values())

    @contextmanager
    def events(self) -> Iterator[Iterator[StudyChanged]]:
        """What changes, from now on: `with client.events() as changes: for change in changes: ...`

        Fetch what is there after it has been entered. It ends when the server stops, or the session does;
        then, and after WorklistUnavailable, what has changed meanwhile is not told later.
        """
        waits = httpx.Timeout(self._timeout_s, read=SILENT_AFTER_S)
        headers = {"Accept": "text/event-stream"}
        with (
            told(self._url),
            self._http.stream("GET", "/api/v1/events", headers=headers, timeout=waits) as stream,
        ):
            if stream.is_error:
                stream.read()
            check(stream)
            yield changes(stream.iter_lines())

    def _do(self, study_instance_uid: str, action: str, body: dict[str, Any] | None = None) -> str:
        response = self._send("POST", f"{_path(study_instance_uid)}/{action}", json=body)
        return parsed(_DONE, response).get("detail", "")

    def _get(self, path: str, query: dict[str, Any] | None = None) -> httpx.Response:
        address = str(httpx.URL(path, params=query or {}))
        response = self._send("GET", address, headers=self._kept.asking(address))
        return self._kept.answer(address, response)

    def _bytes(self, path: str, query: dict[str, Any] | None = None) -> bytes:
        response = self._send("GET", str(httpx.URL(path, params=query or {})))
        check(response)
        return response.content

    def _send(self, method: str, address: str, **content: Any) -> httpx.Response:
        with told(self._url):
            return self._http.request(method, address, **content)


def _path(study_instance_uid: str) -> str:
    return f"{_STUDIES}/{_checked(study_instance_uid)}"


def _batches(values: Collection[str]) -> Iterator[list[str]]:
    every = list(values)
    return (every[start : start + MOST_BADGES] for start in range(0, len(every), MOST_BADGES))


def _checked(uid: str) -> str:
    """Raises UnsafeUID for what would be another address."""
    if not is_safe_uid(uid):
        raise UnsafeUID("a UID is digits and dots, at most 64 characters")
    return uid
