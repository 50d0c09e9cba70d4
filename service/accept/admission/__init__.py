"""Who may associate, and on which terms."""
