"""QUEUED: routing rules, the broker port and its adapters."""
