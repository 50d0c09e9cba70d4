"""Who may open which page: sessions, tokens, sign-in, and the audit trail of it."""
