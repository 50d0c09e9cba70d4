"""What OpenAPI says of these resources beside what their paths and the gate say."""

from collections.abc import Iterable
from typing import Any

from service.worklist.answers import Responses, binary, problems
from service.worklist.dicomweb.asked import FURTHEST, MOST_RESULTS
from service.worklist.dicomweb.dicom_json import MEDIA_TYPE
from service.worklist.dicomweb.levels import Level
from service.worklist.dicomweb.rendered import OFFERED

_REFUSED = problems(400, 406)
_DATASETS = {
    "type": "array",
    "items": {
        "type": "object",
        "additionalProperties": {
            "type": "object",
            "properties": {"vr": {"type": "string"}, "Value": {"type": "array"}},
            "required": ["vr"],
        },
    },
}

SEARCHED: Responses = _REFUSED | {
    200: {"description": "DICOM JSON, a dataset each", "content": {MEDIA_TYPE: {"schema": _DATASETS}}},
    204: {"description": "Nothing matches"},
}
RETRIEVED = _REFUSED | binary("multipart/related", description="One part: a DICOM Part 10 file")
PICTURE = _REFUSED | binary(*OFFERED, description="The picture")


def _parameters(named: Iterable[tuple[str, dict[str, Any], str]]) -> dict[str, Any]:
    """As `openapi_extra` takes them."""
    return {
        "parameters": [
            {"name": name, "in": "query", "required": False, "schema": schema, "description": description}
            for name, schema, description in named
        ]
    }


def parameters_of(level: Level) -> dict[str, Any]:
    """The keys of a search, and what else can be asked. Keys may be written as tags, too."""
    keys = [(key, {"type": "string", "maxLength": 1024}, f"Matches {key}") for key in level.keys]
    return _parameters(
        (
            *keys,
            ("includefield", {"type": "string"}, "Keywords or tags with commas between, or all"),
            ("fuzzymatching", {"type": "string", "enum": ["true", "false"]}, "Answered with a warning"),
            ("limit", {"type": "integer", "minimum": 0}, f"At most {MOST_RESULTS} results are returned"),
            ("offset", {"type": "integer", "minimum": 0, "maximum": FURTHEST}, "Results to pass over"),
        )
    )


RENDERED = _parameters(
    (
        (
            "viewport",
            {"type": "string", "pattern": "^[1-9][0-9]{0,3},[1-9][0-9]{0,3}$"},
            "width,height in pixels",
        ),
        ("quality", {"type": "integer", "minimum": 1, "maximum": 100}, "Of a JPEG"),
    )
)
