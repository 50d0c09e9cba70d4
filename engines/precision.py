"""In which numbers a network computes."""

from enum import StrEnum


class Precision(StrEnum):
    """`tf32` multiplies float32 with ten bits of mantissa on tensor cores; `fp16` computes in float16.

    `int8` multiplies eight-bit integers whose scales were calibrated on training images.
    """

    FP32 = "fp32"
    TF32 = "tf32"
    FP16 = "fp16"
    INT8 = "int8"
