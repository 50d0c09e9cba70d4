"""INFERRED: pixels through an engine to scores and heatmaps."""
