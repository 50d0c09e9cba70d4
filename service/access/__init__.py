"""Who may do what: roles and permissions, passwords and tokens, audited events. No web, no database."""
