"""What a classifier is worth, measured. Needs no PyTorch."""
