"""The command line `preread`."""
