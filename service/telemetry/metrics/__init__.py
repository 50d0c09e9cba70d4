"""What Prometheus is told: one file per stage. METRICS.md is made of these definitions."""
