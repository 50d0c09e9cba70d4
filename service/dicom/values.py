"""One attribute of a dataset, read so that no value, however wrong, raises.

pydicom converts a value when it is first asked for, and a wrong one raises whatever its converter raises.
Here that means: no value.
"""

import math
import re

from pydicom.datadict import tag_for_keyword
from pydicom.dataset import Dataset
from pydicom.multival import MultiValue
from pydicom.sequence import Sequence

from service.dicom.quiet import quiet

MAX_VALUES = 256
"""Values of one attribute that are read. No attribute used here has more; a hostile one may have millions."""
MAX_CHARACTERS = 10240
"""Characters of one value that are kept: the longest text VR with a limit, LT (PS3.5 6.2)."""
FILE_META_GROUP = 0x0002

# The one escape sequence that pydicom leaves where it has understood it, before GB 2312 (PS3.5 6.1.2.5.3).
_GB_2312 = "\x1b$)A"
# Any other one was not understood: what follows it is not what the sender wrote.
_ESCAPE_SEQUENCE = re.compile("\x1b[\x20-\x2f]+[\x30-\x7e]")
_CONTROLS = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]")


def value_of(ds: Dataset, keyword: str) -> object:
    """The value of an attribute as pydicom gives it; None where it is absent or unreadable."""
    tag = tag_for_keyword(keyword)
    if tag is None:
        return None
    source = getattr(ds, "file_meta", None) if tag >> 16 == FILE_META_GROUP else ds
    try:
        with quiet():
            return source[tag].value if source is not None and tag in source else None
    except Exception:  # a converter may raise anything; a value it cannot read is no value
        return None


def texts(ds: Dataset, keyword: str) -> tuple[str, ...]:
    """All values that are not empty, as text. Bytes that the character set does not know become U+FFFD."""
    value = value_of(ds, keyword)
    if value is None or isinstance(value, bytes | Sequence):
        return ()
    values = list(value[:MAX_VALUES]) if isinstance(value, MultiValue | list) else [value]
    return tuple(text for text in map(_clean, values) if text)


def text(ds: Dataset, keyword: str) -> str:
    """The first value as text; empty where there is none."""
    return next(iter(texts(ds, keyword)), "")


def numbers(ds: Dataset, keyword: str) -> tuple[float, ...]:
    """All values as finite numbers; empty where one of them is not."""
    try:
        values = tuple(float(value) for value in texts(ds, keyword))
    except ValueError:
        return ()
    return values if all(map(math.isfinite, values)) else ()


def number(ds: Dataset, keyword: str) -> float | None:
    """The first value as a number; None where it is absent or no number."""
    return next(iter(numbers(ds, keyword)), None)


def integer(ds: Dataset, keyword: str) -> int | None:
    """The first value as a whole number; None where it is absent or not one."""
    value = number(ds, keyword)
    return int(value) if value is not None and value.is_integer() else None


def items(ds: Dataset, keyword: str) -> tuple[Dataset, ...]:
    """The items of a sequence; empty where it is absent or no sequence."""
    value = value_of(ds, keyword)
    return tuple(value[:MAX_VALUES]) if isinstance(value, Sequence) else ()


def _clean(value: object) -> str:
    try:
        with quiet():
            as_text = str(value)[:MAX_CHARACTERS]
    except Exception:  # a PN is decoded only now, and may raise as any conversion
        return ""
    known = as_text.replace(_GB_2312, "") if "\x1b" in as_text else as_text
    return _CONTROLS.sub("", _ESCAPE_SEQUENCE.sub("\ufffd", known)).strip()
