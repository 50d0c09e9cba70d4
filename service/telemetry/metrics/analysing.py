"""The stage `infer`: images, batches, the engine, the GPU."""

from service.telemetry.metrics.definition import QUICK_S, WORK_S, Stage

STAGE = Stage("Analysing (role `infer`)")

CLASSIFIER = "a classifier that rules name"

IMAGES = STAGE.counter(
    "preread_images_total",
    "Images that a classifier was asked to read. `unfamiliar`: its guard has refused them; `refused`: "
    "their header or pixels are outside what it reads.",
    {"classifier": CLASSIFIER, "outcome": "`scored`, `unfamiliar` or `refused`"},
)
READ_SECONDS = STAGE.histogram(
    "preread_image_read_seconds",
    "Time to load, decode and prepare one image for the classifier, in seconds.",
    WORK_S,
    {"classifier": CLASSIFIER},
)
ENGINE_SECONDS = STAGE.histogram(
    "preread_engine_seconds",
    "Time of one batch in the engine, in seconds.",
    QUICK_S,
    {"classifier": CLASSIFIER},
)
BATCH_IMAGES = STAGE.histogram(
    "preread_batch_images",
    "Images in one batch.",
    (1, 2, 4, 8, 16, 32, 64),
    {"classifier": CLASSIFIER},
)
LARGEST_BATCH = STAGE.define(
    "preread_batch_largest_images", "gauge", "Images that a batch may have.", {"classifier": CLASSIFIER}
)
GPU_FREE_BYTES = STAGE.define(
    "preread_gpu_memory_free_bytes",
    "gauge",
    "Free memory of the GPU that the worker uses.",
    {"device": "its number"},
)
GPU_TOTAL_BYTES = STAGE.define(
    "preread_gpu_memory_total_bytes",
    "gauge",
    "Memory of the GPU that the worker uses.",
    {"device": "its number"},
)


def count_batch(classifier: str, images: int, seconds: float) -> None:
    """An engine has run a batch."""
    BATCH_IMAGES.labels(classifier).observe(images)
    ENGINE_SECONDS.labels(classifier).observe(seconds)
