"""What happens to a study in one transaction over several tables."""
