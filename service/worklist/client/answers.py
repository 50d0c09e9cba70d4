"""An answer of the server as what it means: a typed value, or the error that its sentence tells of."""

from typing import TypeVar

import httpx
from pydantic import TypeAdapter, ValidationError

from service.errors import (
    NotAllowed,
    NotHere,
    NotInThisState,
    NotSignedIn,
    NotUnderstood,
    PrereadError,
    TooManyRequests,
    UnexpectedAnswer,
    WorklistUnavailable,
)

Value = TypeVar("Value")
_ERRORS: dict[int, type[PrereadError]] = {
    400: NotUnderstood,
    401: NotSignedIn,
    403: NotAllowed,
    404: NotHere,
    409: NotInThisState,
    422: NotUnderstood,
    429: TooManyRequests,
}
_IN_TROUBLE = 500
_LONGEST_SENTENCE = 1000


def check(response: httpx.Response) -> None:
    """Raises the error that an answer tells of, with the server's sentence; its body must have been read."""
    if response.is_success or response.status_code == httpx.codes.NOT_MODIFIED:
        return
    status = response.status_code
    if status in _ERRORS:
        raise _ERRORS[status](_sentence(response))
    if status >= _IN_TROUBLE:
        raise WorklistUnavailable(_sentence(response))
    raise UnexpectedAnswer(
        f"the server answered HTTP {status}: is it a Preread worklist, at this very address?"
    )


def parsed(kind: TypeAdapter[Value], response: httpx.Response) -> Value:
    """The body as a value. Raises as `check`, and UnexpectedAnswer for a body of another form."""
    check(response)
    try:
        return kind.validate_json(response.content)
    except ValidationError as error:
        where = ".".join(str(part) for part in error.errors(include_input=False)[0]["loc"])
        raise UnexpectedAnswer(
            f"the server's answer is not of the form that this client knows (at {where or 'its beginning'}): "
            "use the client of the server's version"
        ) from None


def _sentence(response: httpx.Response) -> str:
    """What the server says, or a proxy in front, which says it in another form."""
    try:
        return str(response.json()["detail"])[:_LONGEST_SENTENCE]
    except (ValueError, KeyError, TypeError):
        return (
            f"HTTP {response.status_code} without an explanation, perhaps of a proxy in front of the worklist"
        )
