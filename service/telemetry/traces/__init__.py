"""The way of each study as an OpenTelemetry trace. TRACES.md is made of these definitions."""
