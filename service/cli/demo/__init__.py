"""What `preread demo` needs: a phantom study and a small PACS."""
