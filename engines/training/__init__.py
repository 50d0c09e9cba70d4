"""Training: data, transfer stages, calibration, evaluation. Needs PyTorch."""

from engines.training.evaluation import evaluate
from engines.training.progress import Progress, Report
from engines.training.recording import record
from engines.training.run import train

__all__ = ["Progress", "Report", "evaluate", "record", "train"]
