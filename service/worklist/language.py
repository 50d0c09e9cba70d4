"""The languages of the pages: English as it stands in the templates, others by a catalogue of gettext."""

from functools import cache
from pathlib import Path

from babel.messages.pofile import read_po
from fastapi import Request

CATALOGUES = Path(__file__).parent / "languages"
ENGLISH = "en"
HTML_LANG = {ENGLISH: "en", "zh": "zh-Hans"}
"""By language, what a page says that it is written in (BCP 47)."""


@cache
def catalogue(language: str) -> dict[str, str]:
    """The words of a language by the English ones; empty for English."""
    return {} if language == ENGLISH else read_catalogue(CATALOGUES / f"{language}.po")


def read_catalogue(path: Path) -> dict[str, str]:
    """What a file of gettext holds, by the English text."""
    with path.open("rb") as file:
        return {str(one.id): str(one.string) for one in read_po(file) if one.id and one.string}


def translate(language: str, text: str) -> str:
    """`text` in a language, or as it is where the catalogue lacks it."""
    return catalogue(language).get(text, text)


def language_of(request: Request, setting: str) -> str:
    """What pages are written in: as the settings say, or by `auto` as the browser likes best."""
    if setting != "auto":
        return setting
    return preferred(request.headers.get("accept-language", ""))


def language_of_problem(request: Request) -> str:
    """In what a request is told that something is wrong: a program as it asks, a page as it is written."""
    is_program = "authorization" in request.headers
    return language_of(request, "auto" if is_program else request.app.state.language)


def preferred(accept_language: str) -> str:
    """The best of ours by an Accept-Language header (RFC 9110, section 12.5.4); English for none of them."""
    wishes = []
    for wish in accept_language.split(","):
        tag, _, quality = wish.strip().partition(";q=")
        try:
            weight = float(quality or 1)
        except ValueError:
            weight = 0.0
        wishes.append((-weight, tag.strip().split("-")[0].lower()))
    found = (language for weight, language in sorted(wishes, key=lambda one: one[0]) if weight < 0)
    return next((language for language in found if language in HTML_LANG), ENGLISH)
