"""Generated text for DICOM objects: ASCII, because the object keeps the character set of its source.

What that set cannot express would become question marks without a word (PS3.5 6.1).
"""

import unicodedata

from service.study.result import AnalysisResult

NOT_REVIEWED = "Automated analysis; not reviewed"
LONG_STRING_CHARS = 64
"""PS3.5 6.2, VR LO."""
_REPLACED = str.maketrans({"–": "-", "—": "-", "’": "'", "×": "x", "≥": ">=", "≤": "<=", "…": "..."})


def ascii_text(text: str) -> str:
    """`text` in printable ASCII on one line: accents taken off, what has no likeness left out."""
    decomposed = unicodedata.normalize("NFKD", " ".join(text.translate(_REPLACED).split()))
    printable = "".join(c for c in decomposed if c.isascii() and c.isprintable())
    return " ".join(printable.split())


def long_string(text: str) -> str:
    """`text` as an LO value: ASCII, no backslash (it separates values), at most 64 characters."""
    return ascii_text(text).replace("\\", "/")[:LONG_STRING_CHARS].rstrip()


def one_line(text: str) -> str:
    """`text` in its own script on one line, without control characters."""
    return " ".join("".join(c if c.isprintable() else " " for c in text).split())


def above_operating_point(result: AnalysisResult) -> str:
    """How many images are, in words."""
    positive = sum(score.positive for score in result.scores)
    return (
        f"{positive} of {len(result.scores)} analysed images at or above the operating point of "
        f"{percent(result.classifier.threshold)} %"
    )


def percent(probability: float) -> float:
    """A probability of 0 to 1 in %, with one decimal: the number in the objects and on pictures."""
    return round(100 * probability, 1)
