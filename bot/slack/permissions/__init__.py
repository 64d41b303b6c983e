"""Who may open answers and who may change settings."""
