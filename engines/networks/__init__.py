"""Architectures, where their weights come from, and the heatmap inside the graph. Needs PyTorch."""
