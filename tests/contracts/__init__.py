"""Suites that every adapter of a port passes: subclass one and give it the fixture it asks for."""
