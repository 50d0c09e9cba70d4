"""The overlay: page and API."""
