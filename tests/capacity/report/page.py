"""The page: what is between two markers is made of figures, everything else is written by people."""

import re
from collections.abc import Mapping

_BEGIN = "<!-- figures: {name} -->"
_END = "<!-- end of figures -->"
_MARKED = re.compile(r"<!-- figures: ([a-z-]+) -->.*?<!-- end of figures -->", re.DOTALL)


def filled(text: str, parts: Mapping[str, str]) -> str:
    """`text` with each part between its markers. Raises KeyError where a part is missing or has no place."""
    places = _MARKED.findall(text)
    if sorted(places) != sorted(parts):
        raise KeyError(f"the page has places for {sorted(places)}, and the figures are {sorted(parts)}")
    return _MARKED.sub(lambda found: _marked(found[1], parts[found[1]]), text)


def _marked(name: str, part: str) -> str:
    return f"{_BEGIN.format(name=name)}\n\n{part}\n\n{_END}"
