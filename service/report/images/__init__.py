"""Result objects that are seen: heatmaps, outlines, maps."""
