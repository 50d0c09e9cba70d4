"""Datasets that were received and not kept, with their reasons."""
