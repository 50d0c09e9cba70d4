"""Commands of those who make and run classifiers."""
