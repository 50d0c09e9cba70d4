"""C-FIND (Study Root, level IMAGE) that is answered with what Orthanc holds."""

from collections.abc import Iterator
from typing import Any

import httpx
from pydicom.dataset import Dataset

PENDING, NOT_OF_THIS_LEVEL = 0xFF00, 0xA900
KEYS = ("StudyInstanceUID", "SeriesInstanceUID", "SOPInstanceUID", "SOPClassUID")


def on_find(event: Any, orthanc_url: str) -> Iterator[tuple[int, Dataset | None]]:
    """A handler of evt.EVT_C_FIND."""
    asked = event.identifier
    if asked.get("QueryRetrieveLevel") != "IMAGE":
        yield NOT_OF_THIS_LEVEL, None
        return
    for tags in _found(asked, orthanc_url):
        match = Dataset()
        match.QueryRetrieveLevel = "IMAGE"
        for keyword in KEYS:
            if keyword in asked:
                setattr(match, keyword, tags[keyword])
        yield PENDING, match


def _found(asked: Dataset, orthanc_url: str) -> Iterator[dict[str, Any]]:
    """Simplified tags of every instance that Orthanc holds of what was asked for."""
    wanted = {keyword: asked.get(keyword) for keyword in KEYS if asked.get(keyword)}
    values = {key: value if isinstance(value, str) else "\\".join(value) for key, value in wanted.items()}
    with httpx.Client(base_url=orthanc_url, timeout=30.0) as orthanc:
        found = orthanc.post("/tools/find", json={"Level": "Instance", "Query": values})
        for identifier in found.raise_for_status().json():
            yield orthanc.get(f"/instances/{identifier}/simplified-tags").raise_for_status().json()
