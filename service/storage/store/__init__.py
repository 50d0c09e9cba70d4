"""The instance store: durable bytes under keys, in a folder or a bucket."""
