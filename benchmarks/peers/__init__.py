"""Other implementations, each in a separate environment; see README.md here."""
