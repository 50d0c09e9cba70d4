"""The state of the whole service on one page: what waits, how long things take, whether classifiers drift."""
