"""Does the heatmap help? Readers judge images without it and, after a wash-out, with it."""
