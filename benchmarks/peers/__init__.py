"""Other people's implementations, each in an environment of its own; see README.md here."""
