"""Send the demonstration's files and watch every study until it has ended one way or the other."""

import time
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path

from pydicom import dcmread
from rich.console import Console
from rich.progress import BarColumn, Progress, TaskID, TextColumn, TimeElapsedColumn

from service.cli.demo.setup import HOST
from service.config import Destination, Settings
from service.errors import PeerUnavailable, PrereadError
from service.send.submit import submit_files
from service.storage.ledger.ledger import Ledger
from service.study.model import Study
from service.study.state import StudyState
from service.wiring.adapters import open_ledger

FINAL = (StudyState.DELIVERED, StudyState.NOT_ANALYSED, StudyState.FAILED, StudyState.PARKED)
# How far along a study is, for its bar.
STEP = {
    StudyState.RECEIVED: 1,
    StudyState.ASSEMBLED: 2,
    StudyState.QUEUED: 3,
    StudyState.INFERRED: 4,
    StudyState.REPORTED: 5,
    **dict.fromkeys(FINAL, 6),
}
TIMEOUT_S = 300.0


class DemonstrationError(PrereadError):
    """The demonstration did not end as it should; the message says how."""


def send_and_wait(console: Console, settings: Settings, files: Sequence[Path]) -> list[Study]:
    """Send files by C-STORE and return their studies, each in its last state, in the order they were sent.

    Raises DemonstrationError for a study that fails or does not end in time.
    """
    uids = list(dict.fromkeys(str(dcmread(path, stop_before_pixels=True).StudyInstanceUID) for path in files))
    columns = (TextColumn("{task.description}"), BarColumn(), TextColumn("{task.fields[state]}"))
    with Progress(*columns, TimeElapsedColumn(), console=console) as progress:
        _send(progress, settings, files)
        with closing(open_ledger(settings)) as ledger:
            studies = _watch(progress, ledger, uids)
    failed = [study for study in studies if study.state is StudyState.FAILED]
    if failed:
        raise DemonstrationError(f"a study failed: {failed[0].reason}")
    return studies


def _send(progress: Progress, settings: Settings, files: Sequence[Path]) -> None:
    task = progress.add_task("sending by C-STORE", total=len(files), state="")
    node = Destination(name="demo", host=HOST, port=settings.accept.port, ae_title=settings.accept.ae_title)
    outcomes = submit_files(files, node, settings.send, lambda _one: progress.advance(task))
    refused = [outcome for outcome in outcomes if not outcome.accepted]
    if refused:
        raise PeerUnavailable(f"the service did not take {refused[0].path}: {refused[0].detail}")


def _watch(progress: Progress, ledger: Ledger, uids: Sequence[str]) -> list[Study]:
    tasks = {
        uid: progress.add_task(f"study {number} of {len(uids)}", total=6, state="sent")
        for number, uid in enumerate(uids, start=1)
    }
    deadline = time.monotonic() + TIMEOUT_S
    while True:
        with ledger.read() as tx:
            studies = [study for uid in uids if (study := tx.studies.find(uid)) is not None]
        for study in studies:
            _update(progress, tasks[study.study_instance_uid], study)
        if len(studies) == len(uids) and all(study.state in FINAL for study in studies):
            return studies
        if time.monotonic() > deadline:
            waiting = next(study for study in studies if study.state not in FINAL)
            raise DemonstrationError(f"no result after {TIMEOUT_S:.0f} s: {waiting.state}, {waiting.reason}")
        time.sleep(0.2)


def _update(progress: Progress, task: TaskID, study: Study) -> None:
    progress.update(task, completed=STEP[study.state], state=study.state.replace("_", " "))
