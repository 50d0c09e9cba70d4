"""Received images and the heat over them, for the page on which a person looks closely."""
