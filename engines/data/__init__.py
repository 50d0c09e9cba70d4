"""Labelled images, whatever data set they are from."""
