"""Training: recipes, transfer stages, calibration. Needs PyTorch."""
