"""ASSEMBLED: instances become a complete study."""
