"""The images of another study of the patient, which a classifier reads beside this one's."""

from collections.abc import Iterable
from dataclasses import dataclass
from itertools import groupby
from operator import attrgetter

import numpy as np
from numpy.typing import NDArray

from service.dicom.header import read_dataset, read_header
from service.dicom.quiet import quiet
from service.dicom.values import integer
from service.errors import NotAnalysable, Refused
from service.infer.guard import refusal
from service.infer.image import Reading, gray_frames, spread
from service.infer.port import Companion, Manifest
from service.storage.ledger.ledger import Ledger
from service.storage.store.port import InstanceStore
from service.study.model import ReceivedInstance
from service.study.result import CompanionImage

_ONE_FRAME = Reading(max_frames=1)


@dataclass(frozen=True, slots=True, eq=False)
class CompanionFrame:
    """One of them: gray, uint8 (rows, columns)."""

    image: CompanionImage
    gray: NDArray[np.uint8]


def companions_of(
    manifest: Manifest, study_instance_uid: str, ledger: Ledger, store: InstanceStore
) -> list[CompanionFrame]:
    """The images of that study which the classifier looks at; none where it reads studies alone.

    Raises NotAnalysable where it does not, and the study is none, or nothing of it fits and can be read.
    """
    wanted = manifest.companion
    if wanted is None:
        return []
    what = f"{manifest.name} reads this study together with another one of the patient"
    if not study_instance_uid:
        raise NotAnalysable(
            f"{what} ({', '.join(wanted.modalities)}, at most {wanted.days} days apart), and none is here; "
            "once one is, both are read"
        )
    with ledger.read() as tx:
        instances = tx.instances.of_study(study_instance_uid)
    frames = _read(instances, store, manifest.name, wanted)
    if not frames:
        raise NotAnalysable(f"{what}, and no image of that ({', '.join(wanted.modalities)}) can be read")
    return frames


def _read(
    instances: Iterable[ReceivedInstance], store: InstanceStore, reader: str, wanted: Companion
) -> list[CompanionFrame]:
    """At most `wanted.images`, evenly spread over the series that has the most images which fit."""
    by_series = attrgetter("series_instance_uid")
    every_series = [list(group) for _, group in groupby(sorted(instances, key=by_series), by_series)]
    for series in sorted(every_series, key=len, reverse=True):
        numbers = [_number(one, store, wanted, reader) for one in series]
        fitting = sorted(
            (number, one.sop_instance_uid, one)
            for number, one in zip(numbers, series, strict=True)
            if number is not None
        )
        chosen = (fitting[at][-1] for at in spread(len(fitting), wanted.images))
        frames = [frame for one in chosen if (frame := _frame(one, store))]
        if frames:
            return frames
    return []


def _number(instance: ReceivedInstance, store: InstanceStore, wanted: Companion, reader: str) -> int | None:
    """Its Instance Number, by which slices are in order; None where the image does not fit."""
    try:
        with quiet(), store.open(instance.key) as file:
            header = read_header(file)
            return None if refusal(header, wanted, reader) else integer(header, "InstanceNumber") or 0
    except (Refused, KeyError):
        return None


def _frame(instance: ReceivedInstance, store: InstanceStore) -> CompanionFrame | None:
    """Its pixels; None where they cannot be read, or are here no more: its neighbour shows much the same."""
    try:
        with quiet():
            gray = next(gray_frames(read_dataset(store.get(instance.key)), _ONE_FRAME)).gray
    except (Refused, KeyError):
        return None
    image = CompanionImage(
        instance.study_instance_uid,
        instance.series_instance_uid,
        instance.sop_class_uid,
        instance.sop_instance_uid,
    )
    return CompanionFrame(image, gray)
