"""A float32 graph to QuantizeLinear and DequantizeLinear around its features, by onnxruntime.quantization."""

import contextlib
import io
import logging
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from engines.quantise.graph import multiplications, outside
from engines.spec import IMAGES

Images = NDArray[np.float32]

_BATCH = 8


class Quantiser:
    """Calibrated once with `images`, float32 (n, 1, size, size); each `write` is then a matter of seconds.

    `folder` takes the prepared graph and the ranges, and must outlive this object.
    """

    def __init__(self, onnx: Path, images: Images, folder: Path) -> None:
        from onnx import load
        from onnxruntime.quantization.shape_inference import quant_pre_process

        self._images = images
        self._prepared = folder / "prepared.onnx"
        self._ranges = folder / "ranges.json"
        with _quiet():
            quant_pre_process(str(onnx), str(self._prepared), skip_symbolic_shape=True)
        model = load(str(self._prepared))
        self._outside = outside(model)
        self.multiplications = multiplications(model)

    def write(self, path: Path, in_float32: int) -> None:
        """Write the quantised graph; the first `in_float32` of `multiplications` stay as they are.

        An activation's range is the mean over batches of each batch's extremes. Mean change of the
        probability by us-mass on its validation part, five convolutions in float32: 0.012 with this and with
        entropy, 0.013 with the extremes of all images, 0.010 with the percentile 99.99, 0.024 with 99.9. The
        percentile needs every activation of every image in memory at once, 7 GB here.

        Weights are int8 per channel; activations are uint8 with a zero point, since ONNX Runtime's kernels
        then take ReLU and clipping for nothing. Biases stay float32: it quantises them itself, and
        TensorRT takes none that are.
        """
        from onnxruntime.quantization import CalibrationMethod, QuantFormat, QuantType, quantize_static

        with _quiet():
            quantize_static(
                str(self._prepared),
                str(path),
                _Reader(self._images),
                QuantFormat.QDQ,
                per_channel=True,
                activation_type=QuantType.QUInt8,
                weight_type=QuantType.QInt8,
                nodes_to_exclude=self._outside + self.multiplications[:in_float32],
                calibrate_method=CalibrationMethod.MinMax,
                extra_options={"CalibMovingAverage": True, "QuantizeBias": False},
                calibration_cache_path=self._ranges,
            )


class _Reader:
    """Batches in the form that the library asks for."""

    def __init__(self, images: Images) -> None:
        self._batches = iter(
            [{IMAGES: images[start : start + _BATCH]} for start in range(0, len(images), _BATCH)]
        )

    def get_next(self) -> dict[str, Any] | None:
        return next(self._batches, None)


@contextlib.contextmanager
def _quiet() -> Iterator[None]:
    """The library prints and logs to the root logger on every call, also where all is well."""
    before = logging.root.manager.disable
    logging.disable(logging.WARNING)
    try:
        with contextlib.redirect_stdout(io.StringIO()):
            yield
    finally:
        logging.disable(before)
