"""Decoder processes that misbehave over a frame: real ones, limits included, with another library."""

from pathlib import Path

ROOT = Path(__file__).parents[3]
_PROGRAM = """
import sys
sys.path.insert(0, {root!r})
import ctypes, os, socket, time
import numpy as np
from service.dicom.decoder import child
child._load_libraries()

def decode(frame, stream):
    {body}

child.serve(decode)
"""

BLANK = "return np.zeros((frame.rows, frame.columns), np.uint8)"
CRASHES = "ctypes.string_at(0)"
ABORTS = "os.abort()"
HANGS = "time.sleep(600)"
EATS_MEMORY = "hoard = [np.ones(2**24) for _ in range(400)]; {BLANK}"
IS_LATE = f"time.sleep(0.2); {BLANK}"
OPENS_A_FILE = f"open('/etc/hostname').read(); {BLANK}"
OPENS_A_SOCKET = f"socket.socket(); {BLANK}"
PRINTS = f"os.write(1, b'x' * 100); print('words'); {BLANK}"
ANSWERS_ANOTHER_SHAPE = "return np.zeros((frame.rows + 1, frame.columns), np.uint8)"
ANSWERS_TOO_MUCH = "return np.zeros((frame.rows, frame.columns, 40), np.uint16)"
ANSWERS_OBJECTS = "return np.zeros((frame.rows, frame.columns), np.float64)"


def misbehaving(folder: Path, body: str) -> Path:
    """A program for `DecoderPool`, which does `body` with each frame."""
    path = folder / "child.py"
    path.write_text(_PROGRAM.format(root=str(ROOT), body=body))
    return path


def misbehaving_once(folder: Path, body: str) -> Path:
    """The same, and the second process is a good one."""
    path, mark = misbehaving(folder, body), folder / "begun"
    once = f"import pathlib\nmark = pathlib.Path({str(mark)!r})\nis_first = not mark.exists()\nmark.touch()\n"
    good = "if not is_first: return np.full((frame.rows, frame.columns), 7, np.uint8)\n    "
    path.write_text(once + _PROGRAM.format(root=str(ROOT), body=good + body))
    return path
