"""Commands about studies on their way."""
