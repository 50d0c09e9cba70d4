"""Answers as the API's description tells of them; FastAPI takes these for `responses`."""

from typing import Any

from pydantic import BaseModel

Responses = dict[int | str, dict[str, Any]]


class Problem(BaseModel):
    """What stands in every answer that is no success: a sentence that says what is wrong, and what to do."""

    detail: str


def problems(*statuses: int) -> Responses:
    """Answers with a Problem."""
    return {status: {"model": Problem} for status in statuses}


def binary(*media_types: str, description: str = "The file") -> Responses:
    """Bytes, in one of these forms."""
    schema = {"schema": {"type": "string", "format": "binary"}}
    return {200: {"description": description, "content": dict.fromkeys(media_types, schema)}}


PNG = binary("image/png", description="The picture")
