"""What the worker leaves for the report: the pixels it looked at and the heatmap over them."""

import io
from dataclasses import replace

import numpy as np

from service.infer.analyse import ScoredFrame
from service.storage.port import InstanceStore
from service.study.result import ImageScore


def keep_artefacts(store: InstanceStore, folder: str, frame: ScoredFrame) -> ImageScore:
    """Store the frame's RGB pixels and heatmap as one NumPy archive; returns the score with its key."""
    score = frame.score
    key = f"{folder}/{score.sop_instance_uid}-{score.frame_number or 1}.npz"
    archive = io.BytesIO()
    np.savez_compressed(archive, rgb=frame.rgb, heatmap=frame.heatmap)
    store.put(key, archive.getvalue())
    return replace(score, heatmap_key=key)
