from pathlib import Path

from tests.unit.engines.builders import SIZE, decided_text

RECIPE = f"""
name = "tiny"
manifest = "tiny.manifest.toml"
seed = 1
threads = 1

[data]
folder = "bus-bra"
test_fold = 5
validation_fold = 4

[network]
architecture = "tiny"
weights = ""
size = {SIZE}
dropout = 0.0

[[stages]]
name = "head"
epochs = 1
learning_rate = 0.02
freeze = -1

[[stages]]
name = "all"
epochs = 2
learning_rate = 0.02
freeze = 0

[augmentation]
crop = 0.2
affine = 0.2
tone = 0.2
speckle = 0.2
blur = 0.2
depth_gain = 0.2
erase = 0.2
marks = 0.2

[loss]
label_smoothing = 0.0
outside = 0.1

[optimiser]
batch = 8
weight_decay = 0.0
average_decay = 0.5
warmup_steps = 1

[early_stopping]
patience = 10

[operating_point]
name = "sensitivity 90 %"
sensitivity = 0.9
"""


def write_recipe(folder: Path, text: str = RECIPE) -> Path:
    path = folder / "tiny.toml"
    path.write_text(text, encoding="utf-8")
    (folder / "tiny.manifest.toml").write_text(decided_text(), encoding="utf-8")
    return path
