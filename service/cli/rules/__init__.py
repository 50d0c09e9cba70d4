"""Commands about what runs on which study: routing rules, and classifiers in the shadow."""
