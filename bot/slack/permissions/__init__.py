"""Who may open answers, act on replies and change settings."""
