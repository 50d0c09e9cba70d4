"""Commands about who may see and do what, and who has."""
