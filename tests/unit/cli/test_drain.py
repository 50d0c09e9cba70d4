import subprocess
import sys
from pathlib import Path

PROGRAM = """
import threading, time
from service.cli.run.drain import limit_drain

stop = threading.Event()
limit_drain(stop, {drain_s})
stop.set()
time.sleep({work_s})
print("done", flush=True)
"""


def ended(drain_s: float, work_s: float) -> subprocess.CompletedProcess[str]:
    program = PROGRAM.format(drain_s=drain_s, work_s=work_s)
    return subprocess.run(
        [sys.executable, "-c", program],
        cwd=Path(__file__).parents[3],
        capture_output=True,
        text=True,
        check=False,
    )


def test_work_that_hangs_does_not_keep_a_process_from_ending() -> None:
    process = ended(drain_s=0.1, work_s=3600.0)
    assert process.returncode == 1
    assert "what is left is done again" in process.stdout + process.stderr


def test_work_that_is_done_in_time_ends_in_order() -> None:
    process = ended(drain_s=3600.0, work_s=0.1)
    assert (process.returncode, process.stdout) == (0, "done\n")
