"""The composition root: the only place that names adapters and joins stages to them, one file per role."""
