"""Eight-bit weights and activations: calibrated on training images, shipped only where they keep the AUC."""
