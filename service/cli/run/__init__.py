"""The service itself: its roles, and what keeps them running."""
